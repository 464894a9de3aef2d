"""The pools that are served, and the estimators that answer from them."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from neardepth.datasets.pair import PairRef, RgbdPair, Source
from neardepth.encoders import Encoder, list_encoders, load_encoder
from neardepth.errors import MethodError, NearDepthError, PoolError
from neardepth.estimator import DepthEstimator
from neardepth.methods import METHODS, Method
from neardepth.pool import BuildReport, Pool, Progress, add_pairs, open_pool
from neardepth.pool.shipped import ROOMS
from neardepth.retrieval.encoders import choose_pool_encoders, split_names
from neardepth.service.problems import Problem

NONE = "none"
"""The name under which the model that ships answers, without a pool."""

SOURCE = "added"
"""The source of pairs that come through the service."""


@dataclass
class ServedPool:
    """A pool under the name that clients call it by."""

    name: str
    pool: Pool | None
    """None: no pool, the method's own model answers."""
    writable: bool
    estimators: dict[str, DepthEstimator] = field(default_factory=dict)
    """By method."""
    making: threading.Lock = field(default_factory=threading.Lock)
    """Held while an estimator is made; those that are there go on answering."""


class Catalogue:
    """Opens pools once and makes each estimator once, on first use.

    Args:
        pools: paths of pools, or "rooms". The first is the default; none at all means the model
            that ships. That is always there as well, as "none".

    Raises:
        PoolError: one of them is no pool, is empty, or two have one name.
    """

    def __init__(self, pools: Sequence[str | Path] = ()) -> None:
        self.pools: dict[str, ServedPool] = {}
        for path in map(str, pools):
            pool = open_pool(path)
            if not len(pool):
                raise PoolError(f"{path}: the pool is empty; add pairs with `neardepth pool add`")
            rooms = path == ROOMS and not Path(path).exists()
            name = ROOMS if rooms else _name(pool.path)
            if name in self.pools:
                raise PoolError(f"{path}: another pool is served as {name} already; rename one")
            writable = not rooms and os.access(pool.path, os.W_OK)
            self.pools[name] = ServedPool(name, pool, writable)
        self.pools[NONE] = ServedPool(NONE, None, writable=False)
        self.default = next(iter(self.pools))

    def find(self, name: str | None) -> ServedPool:
        """Return a pool by name, or the default.

        Raises:
            Problem: there is none of that name (404).
        """
        try:
            return self.pools[self.default if name is None else name]
        except KeyError:
            known = ", ".join(self.pools)
            raise Problem(404, "There is no such pool", f"There are {known}.") from None

    def estimator(
        self, served: ServedPool, method: str, progress: Progress | None = None
    ) -> DepthEstimator:
        """Return the estimator of a pool and a method, making it where it is not there yet.

        Args:
            served: the pool.
            method: the method's name.
            progress: told how far descriptors and fit are.

        Raises:
            MethodError: there is no such method, or it needs a pool.
            NearDepthError: see `DepthEstimator`.
        """
        self.check(served, method)
        if method not in served.estimators:
            with served.making:
                if method not in served.estimators:
                    served.estimators[method] = _estimator(served.pool, METHODS[method], progress)
        return served.estimators[method]

    def check(self, served: ServedPool, method: str) -> None:
        """Make sure that a pool and a method go together.

        Raises:
            MethodError: there is no such method, or it needs a pool.
        """
        if method not in METHODS:
            raise MethodError(f"there is no method of that name; there are {', '.join(METHODS)}")
        if served.pool is None and METHODS[method].weights != "solved":
            raise MethodError(f"method {method} needs a pool: choose one")

    def refuse_download(self, served: ServedPool, method: str) -> None:
        """Make sure that a request does not make the service download a network.

        Raises:
            Problem: the method's network is not here (409).
        """
        own = served.pool is not None and served.pool.encoder_setting is not None
        if method in served.estimators or method not in METHODS or own:
            return
        if not is_available(METHODS[method]):
            raise Problem(
                409,
                "The method's network is not here",
                f"Fetch it on the server: neardepth encoders fetch {METHODS[method].encoder}",
            )

    def add(self, served: ServedPool, pair: RgbdPair) -> BuildReport:
        """Add a pair to a pool on disk, and answer from it once all that is in use is made anew.

        Whatever else has changed on disk is taken up with it: what another process added, or what
        an earlier call added and then failed to fit.

        Raises:
            Problem: the pool is not to be changed (403), or holds depth of the other kind (422).
            NearDepthError: the pair or the pool is not usable.
        """
        if served.pool is None or not served.writable:
            raise Problem(
                403,
                "This pool cannot be changed",
                "It ships with NearDepth, or its folder cannot be written; build one of your own "
                "with `neardepth pool build`.",
            )
        with served.making:
            _refuse_other_kind(served.pool, pair)
            source = Source(SOURCE, (PairRef(pair.id, lambda: pair),))
            report = add_pairs(served.pool.path, source)
            pool = Pool.open(served.pool.path)
            if pool.version != served.pool.version:
                made = {name: _estimator(pool, METHODS[name]) for name in served.estimators}
                served.pool, served.estimators = pool, made
        return report


def _refuse_other_kind(pool: Pool, pair: RgbdPair) -> None:
    """Keep a pool to one kind of depth: one pair of the other would end all that is 3D.

    Raises:
        Problem: the pool's pairs are all of the other kind (422).
    """
    if pool.depth_kind not in (pair.depth_kind, "mixed"):
        raise Problem(
            422,
            "Not the pool's kind of depth",
            f"All its depth is of the kind {pool.depth_kind}: a pair of the kind "
            f"{pair.depth_kind} would leave no answer from which 3D can be made.",
        )


def is_available(method: Method) -> bool:
    """Whether the networks of a method are here."""
    there = {listing.name for listing in list_encoders() if listing.available}
    return there.issuperset(split_names(method.encoder))


def _estimator(
    pool: Pool | None, method: Method, progress: Progress | None = None
) -> DepthEstimator:
    if method.weights == "solved" or pool is None or pool.encoder_setting is None:
        encoders: Sequence[Encoder] = [_network(name) for name in split_names(method.encoder)]
    else:
        encoders = choose_pool_encoders(pool, method, None)
    return DepthEstimator(pool, method, encoder=encoders, progress=progress)


@lru_cache
def _network(name: str) -> Encoder:
    """Load a network once: every pool, method and request shares its session."""
    return load_encoder(name)


def _name(path: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.resolve().stem).strip("-")
    if not name or name == NONE:
        raise PoolError(f"{path}: rename the pool, clients cannot call it {name or 'that'}")
    return name


def failure_of(report: BuildReport) -> NearDepthError | None:
    """Return why the pair could not be added, where it could not."""
    return PoolError(report.failed[0][1]) if report.failed else None
