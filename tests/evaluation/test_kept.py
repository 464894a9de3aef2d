"""The kept pool: described once, continued after an interruption, never stale."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from neardepth.evaluation.experiment import Experiment
from neardepth.evaluation.kept import kept_path
from neardepth.evaluation.runner import run_experiment
from scenes import write_scenes


def run(folder: Path, **options: object):
    overrides = {"tiles": (1, 1), "refine": "none", "threshold": -1.0}
    options = {"methods": ("knn",), **options}
    return run_experiment(Experiment((str(folder),), overrides=overrides, **options))


def test_the_second_run_describes_nothing(tmp_path: Path, cache: Path) -> None:
    folder = write_scenes(tmp_path / "site", 4)
    first = run(folder)
    path = Path(first.pool["path"])
    assert path.parent == cache / "evaluation"
    assert path.name.startswith("site-")
    assert any(str(path) in text for text in first.notes)
    steps = []

    def bar(title: str, unit: str):
        return nullcontext(lambda done, total: steps.append(title))

    experiment = first.experiment
    second = run_experiment(experiment, bar=bar)
    assert set(steps) == {"knn", "baselines"}
    assert second.pool == first.pool
    assert second.as_dict()["results"][0]["images"] == first.as_dict()["results"][0]["images"]


def test_changed_sources_make_another_pool_and_the_older_one_goes(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 4)
    before = run(folder)
    write_scenes(folder, 1, first=9)
    after = run(folder)
    assert (before.count, after.count) == (4, 5)
    depth = folder / "depth" / "000.png"
    time = depth.stat().st_mtime_ns + 10**9
    os.utime(depth, ns=(time, time))
    latest = run(folder)
    assert not Path(after.pool["path"]).exists()
    assert Path(latest.pool["path"]).exists()


def test_options_and_places_have_their_own_pools(tmp_path: Path) -> None:
    one, two = (write_scenes(tmp_path / name / "site", 2) for name in "ab")
    paths = {kept_path([str(p)], scale) for p in (one, two) for scale in (1000.0, 256.0)}
    assert len(paths) == 4
    linked = tmp_path / "link"
    linked.symlink_to(one)
    assert kept_path([str(linked)], 256.0) == kept_path([str(one)], 256.0)


def test_an_interrupted_run_is_continued(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 40)

    def interrupted(title: str, unit: str):
        def report(done: int, total: int) -> None:
            if done >= 16:
                raise KeyboardInterrupt

        return nullcontext(report)

    experiment = Experiment(
        (str(folder),), methods=("knn",), overrides={"tiles": (1, 1)}, baselines=False
    )
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, bar=interrupted)
    starts = []

    def counting(title: str, unit: str):
        return nullcontext(lambda done, total: starts.append((title, done)))

    assert run_experiment(experiment, bar=counting).count == 40
    assert starts[0][0] == "Building"
    assert 16 <= starts[0][1] < 40
