"""Pools and methods over REST: what is served, and adding pairs."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from services import METHOD, Live, jpeg, make_pool, running, until

from neardepth import DepthEstimator, Pool
from neardepth.errors import PoolError
from neardepth.imaging.depthmaps import npz
from neardepth.methods import METHODS
from neardepth.pool import BuildReport
from neardepth.service import catalogue, server
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits
from scenes import scene

PHOTO = jpeg(60)


def millimetres(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((scene(seed)[1] * 1000).astype(np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Path, Live]]:
    pool = make_pool(tmp_path, count=6)
    with running(create_app(Catalogue([pool]), method=METHOD)) as live:
        yield pool, live


def test_lists_say_what_is_served(live: Live) -> None:
    pools = live.client.get("/v1/pools").json()
    assert [(pool["name"], pool["pairs"], pool["default"]) for pool in pools] == [
        ("site", 8, True),
        ("none", 0, False),
    ]
    methods = live.client.get("/v1/methods").json()
    assert [method["name"] for method in methods] == list(METHODS)
    assert [method["name"] for method in methods if method["default"]] == [METHOD]
    assert {m["name"] for m in methods if m["available"]} >= {"kernel", "kernel-fast", "knn"}


def test_no_request_downloads_a_network(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: object) -> None:
        raise AssertionError("a download was tried")

    monkeypatch.setattr("requests.Session.request", fetch)
    paper = next(m for m in live.client.get("/v1/methods").json() if m["name"] == "paper")
    if paper["available"]:
        pytest.skip("the weights of resnet50 are on this machine")
    response = live.client.post("/v1/depth?method=paper", content=PHOTO)
    assert response.status_code == 409
    assert "encoders fetch resnet50" in response.json()["detail"]


def test_an_added_pair_changes_the_next_answer(own: tuple[Path, Live]) -> None:
    pool, live = own
    before = live.client.post("/v1/depth", content=PHOTO).json()["summary"]
    files = {"photo": PHOTO, "depth": millimetres(60)}
    response = live.client.post("/v1/pools/site/pairs?focal_px=100", files=files)
    assert response.status_code == 201, response.text
    added = response.json()
    assert (added["added"], added["pool"]["pairs"]) == (True, 7)
    after = live.client.post("/v1/depth", content=PHOTO).json()["summary"]
    assert after["pool"]["pairs"] == 7
    assert after["pool"]["version"] == added["pool"]["version"]
    assert after["neighbours"][0]["id"] == added["id"]
    assert after["depth"] != before["depth"]
    assert after["depth"] == pytest.approx(
        DepthEstimator(pool, METHOD)(PHOTO).summary()["depth"], abs=2e-4
    )

    stored = Pool.open(pool)
    np.testing.assert_allclose(stored.depth(added["id"]), scene(60)[1], atol=0.0011)
    intrinsics = stored.photo(added["id"]).intrinsics
    assert intrinsics is not None
    assert intrinsics.fx == 100

    again = live.client.post("/v1/pools/site/pairs", files=files)
    assert (again.status_code, again.json()["added"]) == (200, False)
    assert len(Pool.open(pool)) == 7


def test_a_fit_that_failed_is_made_up_for_by_the_next_try(
    own: tuple[Path, Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, live = own
    live.client.post("/v1/depth", content=PHOTO).raise_for_status()

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(catalogue, "_estimator", fail)
    files = {"photo": PHOTO, "depth": millimetres(60)}
    assert live.client.post("/v1/pools/site/pairs", files=files).status_code == 500
    monkeypatch.undo()
    again = live.client.post("/v1/pools/site/pairs", files=files)
    assert (again.status_code, again.json()["pool"]["pairs"]) == (200, 7)
    assert len(Pool.open(pool)) == 7
    summary = live.client.post("/v1/depth", content=PHOTO).json()["summary"]
    assert summary["pool"]["pairs"] == 7
    assert summary["neighbours"][0]["id"] == again.json()["id"]


def test_photos_are_answered_while_a_pool_is_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one worker, adding pairs and the first use of a method leave it to the others."""
    app = create_app(
        Catalogue([make_pool(tmp_path, count=6)]), limits=Limits(workers=1), method=METHOD
    )
    release, make = threading.Event(), catalogue._estimator

    def slow(*arguments: Any) -> DepthEstimator:
        assert release.wait(60)
        return make(*arguments)

    with running(app) as live, ThreadPoolExecutor(2) as threads:
        live.client.post("/v1/depth", content=PHOTO).raise_for_status()
        monkeypatch.setattr(catalogue, "_estimator", slow)
        files = {"photo": PHOTO, "depth": millimetres(60)}
        address = live.address
        first = threads.submit(
            httpx.post, f"{address}/v1/depth?method=knn", content=PHOTO, timeout=60
        )
        added = threads.submit(
            httpx.post, f"{address}/v1/pools/site/pairs", files=files, timeout=60
        )
        try:
            until(lambda: live.state.fitting.running + live.state.fitting.waiting == 2)
            answer = live.client.post("/v1/depth", content=PHOTO, timeout=20)
            assert answer.status_code == 200
            assert answer.json()["summary"]["pool"]["pairs"] == 6
            assert not first.done()
            assert not added.done()
        finally:
            release.set()
        assert first.result(60).json()["summary"]["method"]["name"] == "knn"
        assert added.result(60).status_code == 201


def test_what_cannot_be_answered_does_not_wait_for_fits(
    own: tuple[Path, Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, live = own

    def fit(*_: object) -> None:
        raise AssertionError("it was queued")

    monkeypatch.setattr(live.state, "fit", fit)
    for question, words in (
        ("method=magic", "no method"),
        ("pool=none&method=knn", "needs a pool"),
    ):
        refused = live.client.post(f"/v1/depth?{question}", content=PHOTO)
        assert refused.status_code == 422
        assert words in refused.json()["detail"]


def test_depth_in_another_unit_than_was_said_is_refused(own: tuple[Path, Live]) -> None:
    pool, live = own
    files = {"photo": PHOTO, "depth": millimetres(60)}
    refused = live.client.post("/v1/pools/site/pairs?depth_scale=1000000", files=files)
    assert refused.status_code == 422
    assert "unit is probably another" in refused.json()["detail"]
    assert len(Pool.open(pool)) == 6


def test_no_pool_is_fitted_for_a_damaged_photo(own: tuple[Path, Live]) -> None:
    _, live = own
    refused = live.client.post("/v1/depth?method=knn", content=PHOTO[:500])
    assert refused.status_code == 422, refused.text
    assert "knn" not in live.state.catalogue.find("site").estimators
    live.client.post("/v1/depth?method=knn", content=PHOTO).raise_for_status()
    assert "knn" in live.state.catalogue.find("site").estimators


def test_a_service_that_stops_says_so_and_finishes_what_it_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SHUTDOWN_SECONDS", 0.3)
    pool = make_pool(tmp_path, count=6)
    app = create_app(Catalogue([pool]), method=METHOD)
    release, add = threading.Event(), catalogue.add_pairs

    def slow(*arguments: Any) -> BuildReport:
        assert release.wait(60)
        return add(*arguments)

    monkeypatch.setattr(catalogue, "add_pairs", slow)
    with ThreadPoolExecutor(1) as threads:
        with running(app) as live:
            files = {"photo": PHOTO, "depth": millimetres(60)}
            path = f"{live.address}/v1/pools/site/pairs"
            added = threads.submit(httpx.post, path, files=files, timeout=60)
            until(lambda: live.state.fitting.running == 1)
            added.add_done_callback(lambda _: release.set())
        response = added.result(0)
    assert response.status_code == 503
    assert response.json()["title"] == "The service stops"
    assert len(Pool.open(pool)) == 7


def test_a_pair_that_is_there_already_does_not_fit_the_pool_again(
    own: tuple[Path, Live],
) -> None:
    _, live = own
    files = {"photo": PHOTO, "depth": millimetres(60)}
    live.client.post("/v1/depth", content=PHOTO).raise_for_status()
    assert live.client.post("/v1/pools/site/pairs", files=files).status_code == 201
    before = dict(live.state.catalogue.find("site").estimators)
    assert live.client.post("/v1/pools/site/pairs", files=files).status_code == 200
    assert live.state.catalogue.find("site").estimators == before


def test_depth_comes_in_other_formats_and_units(own: tuple[Path, Live]) -> None:
    pool, live = own
    metres = scene(61)[1]
    array = io.BytesIO()
    np.save(array, metres)
    counts = io.BytesIO()
    Image.fromarray((metres * 256).astype(np.uint16)).save(counts, "PNG")
    for seed, depth, query in (
        (61, npz(depth=metres), ""),
        (62, array.getvalue(), ""),
        (63, counts.getvalue(), "?depth_scale=256"),
    ):
        files = {"photo": jpeg(seed), "depth": depth}
        response = live.client.post(f"/v1/pools/site/pairs{query}", files=files)
        assert response.status_code == 201, response.text
        stored = Pool.open(pool).depth(response.json()["id"])
        np.testing.assert_allclose(stored, metres, atol=0.005)


def test_a_pair_of_the_other_kind_of_depth_does_not_end_3d(live: Live, pool: Path) -> None:
    before = Pool.open(pool).version
    files = {"photo": PHOTO, "depth": millimetres(60)}
    response = live.client.post("/v1/pools/site/pairs?depth_kind=ray", files=files)
    assert response.status_code == 422
    assert "of the kind z" in response.json()["detail"]
    assert Pool.open(pool).version == before
    assert live.client.post("/v1/cloud", content=PHOTO).status_code == 200


@pytest.mark.parametrize(
    ("name", "photo", "depth", "status"),
    [
        ("nowhere", PHOTO, millimetres(60), 404),
        ("none", PHOTO, millimetres(60), 403),
        ("site", b"no picture", millimetres(60), 415),
        ("site", PHOTO, PHOTO, 422),
        ("site", PHOTO, millimetres(60)[:500], 422),
        ("site", PHOTO, b"\x76\x2f\x31\x01" + bytes(100), 422),
        ("site", PHOTO, npz(depth=np.ones((96, 50), np.float32)), 422),
        ("site", PHOTO, npz(depth=np.zeros((96, 128), np.float32)), 422),
    ],
    ids=["pool", "shipped", "photo", "photo as depth", "cut", "exr", "shape", "unknown depth"],
)
def test_a_bad_pair_leaves_the_pool_as_it_was(
    live: Live, pool: Path, name: str, photo: bytes, depth: bytes, status: int
) -> None:
    before = Pool.open(pool).version
    files = {"photo": photo, "depth": depth}
    response = live.client.post(f"/v1/pools/{name}/pairs", files=files)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert Pool.open(pool).version == before


def test_rooms_are_read_only_and_names_are_clear(tmp_path: Path, pool: Path) -> None:
    with pytest.raises(PoolError, match="served as site already"):
        Catalogue([pool, pool])
    with pytest.raises(PoolError, match="does not exist"):
        Catalogue([tmp_path / "nowhere.pool"])
    Pool.create(tmp_path / "empty.pool")
    with pytest.raises(PoolError, match="empty"):
        Catalogue([tmp_path / "empty.pool"])


def test_a_pool_that_another_process_writes_is_a_conflict(own: tuple[Path, Live]) -> None:
    from neardepth.pool.writer import PoolWriter

    pool, live = own
    with PoolWriter(pool):
        files = {"photo": PHOTO, "depth": millimetres(60)}
        response = live.client.post("/v1/pools/site/pairs", files=files)
    assert response.status_code == 409
    assert str(pool) not in response.text
    assert live.client.post("/v1/pools/site/pairs", files=files).status_code == 201
