"""An experiment as plain data: everything that decides the figures, so that a file repeats it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from neardepth.errors import MethodError, NearDepthError
from neardepth.evaluation.profiles import PROFILES, Profile, find_profile
from neardepth.evaluation.protocols import FOLDS, PROTOCOLS
from neardepth.imaging.files import read_file
from neardepth.kernel.shared import shipped_models
from neardepth.methods import DEFAULT_METHOD, Method, find_method
from neardepth.pool.shipped import ROOMS
from neardepth.retrieval.choice import AUTO, NONE
from neardepth.retrieval.encoders import split_names

OUTSIDE = "outside"
"""Queries that are not in the pool: nothing needs to be left out."""


class EvaluationError(NearDepthError):
    """An evaluation cannot be made, or its report cannot be read or written."""


@dataclass(frozen=True)
class Experiment:
    """What is measured, on what and how.

    Raises:
        MethodError: a method, profile, protocol or setting is not known or does not fit.
        EvaluationError: there is nothing to evaluate.
    """

    sources: tuple[str, ...]
    """Paths of RGB-D sets; their pairs are the queries."""
    pool: str | None = None
    """A pool to estimate from; None makes one of the sources, "none" asks the model alone."""
    methods: tuple[str, ...] = (DEFAULT_METHOD,)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Settings replaced in every method."""
    prior: str = AUTO
    """Of methods of solved weights: see `choose_retrieval`."""
    encoder: str | None = None
    """Encoder for every method instead of the pool's or the method's own."""
    fill: bool = False
    """Fill in what no neighbour knows before it is judged."""
    protocol: str | None = None
    """None means "loo" where the queries are in the pool."""
    profile: str = "paper"
    depth_scale: float = 1000.0
    """Counts per metre of 16-bit PNG depth."""
    folds: int = FOLDS
    margin: int = 0
    seed: int = 0
    """Of the folds, the random neighbour and the bootstrap."""
    baselines: bool = True
    sample: int | None = None
    """So many of the queries, drawn at random by the seed; None takes all."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise EvaluationError("name at least one source to evaluate")
        if not self.methods:
            raise EvaluationError("name at least one method to evaluate")
        if self.protocol is not None and self.protocol not in PROTOCOLS:
            raise MethodError(
                f"there is no protocol '{self.protocol}'; choose one of {', '.join(PROTOCOLS)}"
            )
        if self.margin and self.protocol != "blocks":
            raise MethodError("a margin goes with protocol 'blocks' only")
        if self.sample is not None and self.sample < 1:
            raise MethodError("a sample has at least one query")
        if self.margin < 0 or self.seed < 0:
            raise MethodError("margin and seed cannot be below 0")
        find_profile(self.profile)
        if self.pool == NONE and self.protocol is not None:
            raise MethodError("without a pool there is nothing to leave out: give no protocol")
        self.recipes()

    def judged_by(self) -> Profile:
        """Return the profile."""
        return PROFILES[self.profile]

    def recipes(self) -> list[Method]:
        """Return the methods with their overrides, each once."""
        names = dict.fromkeys(self.methods)
        return [find_method(name).override(**self.overrides) for name in names]

    def label(self, method: Method) -> str:
        """Name a method together with what was changed in it."""
        usual = find_method(method.name).settings()
        changed = [
            f"{name}={'x'.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in method.settings().items()
            if value != usual[name]
        ]
        if method.weights == "solved" and self.prior != AUTO:
            changed.append(f"prior={self.prior}")
        changed += ["filled"] * self.fill
        return f"{method.name} ({', '.join(changed)})" if changed else method.name

    def anchored(self) -> Experiment:
        """Return the same with absolute paths, so that it can be repeated from any folder."""
        pool = self.pool
        if pool is not None and pool != NONE and (pool != ROOMS or Path(pool).exists()):
            pool = _absolute(pool)
        named = (AUTO, NONE, ROOMS, *shipped_models())
        encoder = self.encoder
        if encoder is not None:
            names = split_names(encoder)
            encoder = "+".join(
                _absolute(name) if name.lower().endswith(".onnx") else name for name in names
            )
        return replace(
            self,
            sources=tuple(map(_absolute, self.sources)),
            pool=pool,
            prior=self.prior if self.prior in named else _absolute(self.prior),
            encoder=encoder,
        )

    def as_dict(self) -> dict[str, Any]:
        """Give everything as plain data."""
        data = asdict(self)
        return {**data, "sources": list(self.sources), "methods": list(self.methods)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Experiment:
        """Read what `as_dict` gave, or a part of it: what is not there has its default.

        Raises:
            EvaluationError: it is something else.
        """
        known = {f.name for f in fields(cls)}
        try:
            values = dict(data)
            if unknown := values.keys() - known:
                raise EvaluationError(f"an experiment has no '{min(unknown)}'")
            overrides = dict(values.pop("overrides", {}))
            if overrides.get("tiles") is not None:
                overrides["tiles"] = tuple(overrides["tiles"])
            for name in ("sources", "methods"):
                if name in values:
                    values[name] = tuple(values[name])
            return cls(**values, overrides=overrides)
        except (TypeError, ValueError) as error:
            raise EvaluationError(f"this describes no experiment ({error!r})") from error


def read_results(path: str | os.PathLike[str]) -> tuple[Experiment, dict[str, Any]]:
    """Read a result file: the experiment that made it, and its whole content.

    Raises:
        EvaluationError: it cannot be read or is no result file.
    """
    try:
        content = json.loads(read_file(path, EvaluationError))
        if not isinstance(content, dict) or not {"experiment", "results"} <= content.keys():
            raise EvaluationError("it lacks the experiment or the results")
        return Experiment.from_dict(content["experiment"]), content
    except (ValueError, EvaluationError) as error:
        if str(path) in str(error):
            raise
        raise EvaluationError(
            f"{path} is no result file of `neardepth evaluate --json`: {error}"
        ) from error


def _absolute(path: str) -> str:
    return str(Path(path).absolute())
