"""The OpenAPI description, and what it makes of random requests."""

from __future__ import annotations

from contextlib import suppress

import pytest
from services import Live

from neardepth.service.schemas import Added, DepthAnswer, PoolFacts

schemathesis = pytest.importorskip("schemathesis")


def test_examples_in_the_description_are_valid(live: Live) -> None:
    description = live.client.get("/openapi.json").json()
    assert description["openapi"].startswith("3.")
    for model in (DepthAnswer, PoolFacts):
        examples = description["components"]["schemas"][model.__name__]["examples"]
        assert [model.model_validate(example) for example in examples]
    assert {"/v1/depth", "/v1/cloud", "/v1/stereo", "/v1/pools", "/v1/pools/{name}/pairs",
            "/healthz", "/metrics"} <= set(description["paths"])  # fmt: skip
    pairs = description["paths"]["/v1/pools/{name}/pairs"]["post"]
    assert Added.__name__ in str(pairs["responses"]["201"])


def test_random_requests_get_documented_answers(live: Live) -> None:
    """Every operation, with valid and invalid input: no 5xx, and nothing undocumented."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis import GenerationMode, checks
    from schemathesis.specs.openapi import checks as openapi

    schema = schemathesis.openapi.from_url(f"{live.address}/openapi.json")
    chosen = [
        checks.not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_schema_conformance,
    ]
    tried = 0
    for operation in (found.ok() for found in schema.get_all_operations()):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=30,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal tried
                tried += 1
                case.call_and_validate(checks=chosen)

            with suppress(Unsatisfiable):  # nothing of it can be wrong: it takes no input
                ask()
    assert tried > 100
    assert live.client.get("/healthz").status_code == 200
