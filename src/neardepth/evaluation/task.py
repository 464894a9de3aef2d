"""What an experiment comes down to: a pool, queries with their exclusions, and true depth."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets import PairRef, Source, open_raw_source, open_source
from neardepth.datasets.folder import natural
from neardepth.errors import NearDepthError, PoolError
from neardepth.evaluation.baselines import ReadDepth
from neardepth.evaluation.experiment import OUTSIDE, EvaluationError, Experiment
from neardepth.evaluation.kept import build_kept, kept_path
from neardepth.evaluation.protocols import PROTOCOLS, Query, blocks, kfold
from neardepth.imaging.depthmaps import decode_depth
from neardepth.pool import PairRecord, Pool, Progress, open_pool
from neardepth.pool.pipeline import read_ahead
from neardepth.pool.schema import inspect_pair
from neardepth.retrieval.choice import NONE
from neardepth.retrieval.encoders import choose_encoders

Bar = Callable[[str, str], AbstractContextManager[Progress]]
"""Makes a progress bar of a title and the unit counted; see `cli.progress.progress_bar`."""

Failures = tuple[tuple[str, str], ...]

READ_AHEAD = 8


def no_bar(title: str, unit: str) -> AbstractContextManager[Progress]:
    """Show no progress."""
    return nullcontext(lambda done, total: None)


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be estimated, from what, and where the truth is."""

    pool: Pool | None
    """None where a model answers alone."""
    dataset: str
    """Names of the queries' sources, joined by "+"."""
    protocol: str
    queries: tuple[Query, ...]
    outside: Mapping[str, PairRef]
    """Queries that are not in the pool, by id: all of them or none."""
    truth: ReadDepth
    hashes: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the photo's file of each query that is not in the pool."""
    notes: tuple[str, ...] = ()
    failed: Failures = ()
    """What could not be used: its id or file, and why."""


def make_task(
    experiment: Experiment,
    bar: Bar = no_bar,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
) -> Task:
    """Open the sources and the pool, building the sources' own pool where none is named.

    Raises:
        NearDepthError: a source, the pool or the protocol does not fit; the message says why.
    """
    task = _whole_task(experiment, bar, threads, providers)
    if experiment.sample is None or experiment.sample >= len(task.queries):
        return task
    drawn = np.random.default_rng(experiment.seed).permutation(len(task.queries))
    places = sorted(drawn[: experiment.sample].tolist())
    note = f"a random {len(places)} of {len(task.queries)} queries, seed {experiment.seed}"
    queries = tuple(task.queries[place] for place in places)
    kept = {query.id for query in queries}
    return replace(
        task,
        queries=queries,
        outside={own: ref for own, ref in task.outside.items() if own in kept},
        hashes={
            own: digest for own, digest in task.hashes.items() if own in kept or not task.outside
        },
        notes=(*task.notes, note),
    )


def _whole_task(
    experiment: Experiment, bar: Bar, threads: int | None, providers: Sequence[str] | None
) -> Task:
    sources = [open_source(path, experiment.depth_scale) for path in experiment.sources]
    raw = experiment.judged_by().raw_truth
    truths = _raw(experiment) if raw else sources
    if experiment.pool == NONE:
        return _from_model(sources, truths, bar)
    if experiment.pool is not None:
        return _from_pool(experiment, open_pool(experiment.pool), sources, truths, bar)
    path = kept_path(experiment.sources, experiment.depth_scale)
    method = experiment.recipes()[0]
    encoders = choose_encoders(method, experiment.encoder, threads, providers)
    with bar("Building", "pairs") as progress:
        pool, failed = build_kept(path, sources, encoders, method.grid, progress)
    protocol = experiment.protocol or "loo"
    queries = _queries(experiment, protocol, pool)
    refs = {ref.id: ref for source in truths for ref in source.pairs}
    return Task(
        pool=pool,
        dataset=_dataset(pool.records[query.id].source for query in queries),
        protocol=protocol,
        queries=queries,
        outside={},
        truth=_truth(refs) if raw else pool.depth,
        notes=(f"pairs and descriptors are kept in {path}",),
        failed=failed,
    )


def _raw(experiment: Experiment) -> list[Source]:
    try:
        return [open_raw_source(path) for path in experiment.sources]
    except PoolError as error:
        raise EvaluationError(
            f"profile '{experiment.profile}' judges by the sensor's own depth: {error}; choose "
            "another profile"
        ) from error


def _from_pool(
    experiment: Experiment,
    pool: Pool,
    sources: Sequence[Source],
    truths: Sequence[Source],
    bar: Bar,
) -> Task:
    """Find the sources' pairs in the pool by their photos' content."""
    with bar("Comparing with the pool", "pairs") as progress:
        records, failed = _records(sources, progress)
    ids_of = _by_content(pool)
    pool_id: dict[str, str | None] = {}
    for own, record in records.items():
        same = ids_of.get(record.image_sha256)
        pool_id[own] = None if same is None else own if own in same else same[0]
        for each in same or ():
            _check_unit(record, pool.records[each])
    truth_of = {ref.id: ref for source in truths for ref in source.pairs}
    inside = [pair_id for pair_id, found in pool_id.items() if found]
    problems = [problem for source in sources for problem in source.problems]
    task = Task(
        pool=pool,
        dataset=_dataset(source.name for source in sources),
        protocol=OUTSIDE,
        queries=tuple(Query(own, frozenset()) for own in sorted(pool_id, key=natural)),
        outside={ref.id: ref for source in sources for ref in source.pairs if ref.id in pool_id},
        truth=_truth(truth_of),
        hashes=_hashes(records),
        failed=(*problems, *failed),
    )
    if not pool_id:
        raise EvaluationError(f"nothing of {', '.join(experiment.sources)} can be used")
    if not inside:
        if experiment.protocol is not None:
            raise EvaluationError(
                f"protocol '{experiment.protocol}' leaves queries out of the pool, but no pair of "
                f"{', '.join(experiment.sources)} is in {pool.path}: give no protocol, or no pool"
            )
        note = f"no query is in {pool.path}: each is estimated from the whole pool"
        return replace(task, notes=(note,))
    if len(inside) < len(pool_id):
        raise EvaluationError(
            f"{len(inside)} of the {len(pool_id)} pairs are in {pool.path} and the others are not: "
            "evaluate the two parts one by one, or add the rest with `neardepth pool add`"
        )
    queries = {found: own for own, found in pool_id.items() if found}
    protocol = experiment.protocol or "loo"
    return replace(
        task,
        protocol=protocol,
        queries=_queries(experiment, protocol, pool, queries),
        outside={},
        truth=_truth({found: truth_of[own] for found, own in queries.items()}),
    )


def _from_model(sources: Sequence[Source], truths: Sequence[Source], bar: Bar) -> Task:
    """Ask a model alone: every pair is a query, and nothing needs to be left out."""
    with bar("Reading", "pairs") as progress:
        records, failed = _records(sources, progress)
    if not records:
        raise EvaluationError("none of the sources' pairs can be used")
    refs = {ref.id: ref for source in sources for ref in source.pairs if ref.id in records}
    return Task(
        pool=None,
        dataset=_dataset(source.name for source in sources),
        protocol=OUTSIDE,
        queries=tuple(Query(own, frozenset()) for own in sorted(refs, key=natural)),
        outside=refs,
        truth=_truth({ref.id: ref for source in truths for ref in source.pairs}),
        hashes=_hashes(records),
        notes=("no pool: a model answers alone, and the baselines need a pool",),
        failed=(*(problem for source in sources for problem in source.problems), *failed),
    )


def _check_unit(own: PairRecord, pooled: PairRecord) -> None:
    """Refuse a depth map that the pool reads in another unit: all errors would be wrong."""
    if own.depth_sha256 != pooled.depth_sha256:
        return
    if not math.isclose(own.depth_unit, pooled.depth_unit, rel_tol=1e-5):
        here, there = (f"{1 / record.depth_unit:.10g}" for record in (own, pooled))
        raise EvaluationError(
            f"the depth of {own.id} has {here} counts per metre here and {there} in the pool: "
            f"give --depth-scale {there}, or build the pool anew with the right one"
        )


def _hashes(records: Mapping[str, PairRecord]) -> dict[str, str]:
    return {own: record.image_sha256 for own, record in records.items()}


def _records(
    sources: Sequence[Source], progress: Progress
) -> tuple[dict[str, PairRecord], Failures]:
    """Sum up each pair by id, and name the pairs that cannot be read."""
    found: dict[str, PairRecord] = {}
    failed = []
    refs = [ref for source in sources for ref in source.pairs]

    def record(ref: PairRef) -> PairRecord:
        return inspect_pair(ref.load())[1]

    with closing(read_ahead(record, refs, READ_AHEAD)) as stream:
        for done, (ref, outcome) in enumerate(stream, start=1):
            if isinstance(outcome, NearDepthError):
                failed.append((ref.id, str(outcome)))
            elif ref.id in found:
                raise EvaluationError(f"two of the sources have a pair {ref.id}: rename a folder")
            else:
                found[ref.id] = outcome
            progress(done, len(refs))
    return found, tuple(failed)


def _queries(
    experiment: Experiment, protocol: str, pool: Pool, wanted: Iterable[str] | None = None
) -> tuple[Query, ...]:
    """Apply the protocol to the whole pool; a copy of a query is left out with it."""
    frames: list[PairRecord] = list(pool.records.values())
    if protocol == "kfold":
        queries = kfold(frames, folds=experiment.folds, seed=experiment.seed)
    elif protocol == "blocks":
        queries = blocks(frames, folds=experiment.folds, margin=experiment.margin)
    else:
        queries = PROTOCOLS[protocol](frames)
    if wanted is not None:
        wanted = set(wanted)
        queries = [query for query in queries if query.id in wanted]
        if not queries:
            raise EvaluationError(f"protocol '{protocol}' estimates none of the sources' pairs")
    copies = {own: frozenset(ids) for ids in _by_content(pool).values() for own in ids}
    return tuple(
        query if copies[query.id] <= query.exclude else replace(query, exclude=excluded)
        for query in sorted(queries, key=lambda query: natural(query.id))
        for excluded in [query.exclude | copies[query.id]]
    )


def _by_content(pool: Pool) -> Mapping[str, list[str]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for pair_id, digest in pool.image_hashes.items():
        ids[digest].append(pair_id)
    return ids


def _truth(refs: Mapping[str, PairRef]) -> ReadDepth:
    def read(pair_id: str) -> NDArray[np.float32]:
        depth = refs[pair_id].load().depth
        return decode_depth(depth.data, depth.unit, pair_id)

    return read


def _dataset(names: Iterable[str]) -> str:
    return "+".join(sorted(set(names), reverse=True))
