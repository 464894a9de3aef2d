"""Running an experiment: every method and baseline on every query, under one profile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from neardepth.encoders import joint_info
from neardepth.errors import NearDepthError
from neardepth.estimator import DepthEstimator
from neardepth.evaluation.baselines import MeanDepth, ReadDepth, random_neighbour
from neardepth.evaluation.experiment import Experiment
from neardepth.evaluation.metrics import measures
from neardepth.evaluation.profiles import judged
from neardepth.evaluation.report import Case, Report
from neardepth.evaluation.tally import Predict, Tally
from neardepth.evaluation.task import Bar, Task, make_task, no_bar
from neardepth.imaging.photos import Photo, decode_photo
from neardepth.imaging.resize import resize_photo
from neardepth.pool import Pool, Progress
from neardepth.result import DepthResult
from neardepth.retrieval.choice import AUTO
from neardepth.retrieval.common import MAX_WORKING_SIDE
from neardepth.retrieval.prior import refuse_copy, refuse_seen
from neardepth.steps.refinement import fill_unknown

MEAN, RANDOM, NEAREST = "mean-depth", "random-neighbour", "nearest-neighbour"

_DEPTHS_AT_HAND = 8  # maps that several baselines need for one image
_PICTURE_SIDE = 640  # pixels of a case's photo


def run_experiment(
    experiment: Experiment,
    *,
    bar: Bar = no_bar,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    cases: bool = False,
) -> Report:
    """Estimate every query with every method and judge the results.

    Args:
        experiment: what to measure.
        bar: makes progress bars.
        threads: network threads; None leaves the choice to ONNX Runtime.
        providers: ONNX Runtime execution providers, best first; None means the CPU.
        cases: also keep the maps of the first method's best, median and worst image.

    Raises:
        NearDepthError: a source, the pool, a method, the protocol or the profile does not fit.
            Pairs that cannot be used are named in the report, and the rest is judged.
    """
    experiment = experiment.anchored()
    task = make_task(experiment, bar, threads, providers)
    tallies: list[Tally] = []
    shown: tuple[Case, ...] = ()
    notes = list(task.notes)
    for method in experiment.recipes():
        with bar("Preparing the pool", "pairs") as progress:
            estimator = DepthEstimator(
                task.pool,
                method,
                prior=experiment.prior if method.weights == "solved" else AUTO,
                encoder=experiment.encoder,
                fill=experiment.fill,
                threads=threads,
                providers=providers,
                progress=progress,
            )
        used = "+".join(encoder.name for encoder in estimator.encoders)
        if experiment.encoder is None and used != method.encoder and task.pool is not None:
            notes.append(
                f"method {method.name} uses encoder {used}, with which "
                f"{task.pool.path} was built, not {method.encoder}"
            )
        if estimator.choice:
            notes.append(f"{method.name}: {estimator.choice}")
        with bar(method.name, "images") as progress:
            tallies.append(_judge_method(experiment, task, estimator, progress))
        if cases and not shown:
            shown = _cases(task, estimator, tallies[0])
    if experiment.baselines and task.pool is not None:
        with bar("baselines", "images") as progress:
            tallies += _judge_baselines(experiment, task, task.pool, tallies[0], progress)
    return Report(
        experiment=experiment,
        dataset=task.dataset,
        protocol=task.protocol,
        pool=_pool_facts(task.pool),
        rows=tuple(tally.row(tallies[0]) for tally in tallies),
        cases=shown,
        notes=tuple(notes),
        failed=task.failed,
    )


def _pool_facts(pool: Pool | None) -> dict[str, Any]:
    if pool is None:
        return {"path": None, "version": None, "pairs": 0}
    return {"path": str(pool.path), "version": pool.version, "pairs": len(pool)}


def _judge_method(
    experiment: Experiment, task: Task, estimator: DepthEstimator, progress: Progress
) -> Tally:
    model = estimator.model
    tally = Tally(
        estimator.method.name,
        experiment.label(estimator.method),
        baseline=False,
        profile=experiment.judged_by(),
        seed=experiment.seed,
        settings={
            **estimator.method.settings(),
            "fill": experiment.fill,
            "prior": f"{model.name} {model.digest}" if model else None,
        },
        encoder=joint_info(estimator.encoders),
    )
    start = time.perf_counter()
    ids = [query.id for query in task.queries]
    # Queries with the same exclusions one after the other: each may need a fit of its own.
    grouped = sorted(task.queries, key=lambda query: sorted(query.exclude - {query.id}))
    for done, (query_id, result) in enumerate(
        _estimates(task, estimator, [query.id for query in grouped]), start=1
    ):
        refuse_copy(result)
        tally.add_result(query_id, result, task.truth(query_id))
        progress(done, len(ids))
    tally.seconds = time.perf_counter() - start
    tally.arrange(ids)
    return tally


def _judge_baselines(
    experiment: Experiment, task: Task, pool: Pool, first: Tally, progress: Progress
) -> list[Tally]:
    """Judge what is reached without the photo, and by its single nearest neighbour."""
    seed = experiment.seed
    depth_of: ReadDepth = lru_cache(maxsize=_DEPTHS_AT_HAND)(pool.depth)
    nearest = {image.id: image.neighbour or "" for image in first.images}
    predictors: dict[tuple[str, str], Predict] = {
        (MEAN, "mean depth map"): MeanDepth(pool.ids, depth_of, _usual_size(pool)),
        (RANDOM, "random neighbour"): lambda query: depth_of(
            random_neighbour(query, pool.ids, seed)
        ),
        (NEAREST, "nearest neighbour"): lambda query: depth_of(nearest[query.id]),
    }
    tallies = [
        Tally(
            name,
            f"{label} (filled)" if experiment.fill else label,
            baseline=True,
            profile=first.profile,
            seed=seed,
            settings={"fill": experiment.fill},
        )
        for name, label in predictors
    ]
    tallies[-1].settings = {"of": first.method, "fill": experiment.fill}
    tallies[-1].encoder = first.encoder
    for done, query in enumerate(task.queries, start=1):
        truth = task.truth(query.id)
        for tally, predict in zip(tallies, predictors.values(), strict=True):
            tally.add_map(query, _filled(predict) if experiment.fill else predict, truth)
        progress(done, len(task.queries))
    return tallies


def _filled(predict: Predict) -> Predict:
    return lambda query: fill_unknown(predict(query))


def _estimates(
    task: Task, estimator: DepthEstimator, ids: Sequence[str]
) -> Iterator[tuple[str, DepthResult]]:
    if estimator.model is not None and task.outside:
        refuse_seen(estimator.model, dict(task.hashes))
    if not task.outside:
        exclude = {query.id: query.exclude for query in task.queries}
        yield from estimator.leave_one_out(exclude.__getitem__, ids)
        return

    def photo(query_id: str) -> Photo:
        pair = task.outside[query_id].load()
        decoded = decode_photo(pair.image, query_id)
        return replace(decoded, intrinsics=pair.intrinsics or decoded.intrinsics)

    outcomes = estimator.outcomes(photo(query_id) for query_id in ids)
    for query_id, (_, outcome) in zip(ids, outcomes, strict=True):
        if isinstance(outcome, NearDepthError):
            raise outcome
        yield query_id, outcome


def _cases(task: Task, estimator: DepthEstimator, tally: Tally) -> tuple[Case, ...]:
    """Estimate the best, the median and the worst image again, by their RMSE, to be looked at."""
    rmse = {image.id: measures(image.sums)["rmse"] for image in tally.images}
    ranked = sorted((i for i in rmse if np.isfinite(rmse[i])), key=lambda i: (rmse[i], i))
    if not ranked:
        return ()
    picks = {"best": ranked[0], "median": ranked[len(ranked) // 2], "worst": ranked[-1]}
    found = []
    for title, (query_id, result) in zip(
        picks, _estimates(task, estimator, list(picks.values())), strict=True
    ):
        prediction, truth = judged(tally.profile, result.depth, task.truth(query_id))
        photo = result.photo.image
        scale = min(1.0, _PICTURE_SIDE / max(photo.shape))
        small = resize_photo(photo, (round(photo.shape[0] * scale), round(photo.shape[1] * scale)))
        found.append(Case(title, query_id, rmse[query_id], small, truth, prediction))
    return tuple(found)


def _usual_size(pool: Pool) -> tuple[int, int]:
    """Return the height and width of most depth maps, or of the grid depth is fused on."""
    sizes = Counter((r.depth_height, r.depth_width) for r in pool.records.values())
    height, width = max(sizes, key=lambda size: (sizes[size], size))
    scale = min(1.0, MAX_WORKING_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
