"""Experiments as a whole, against figures worked out here in another way."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labelled import write_nyu
from neardepth import DepthEstimator, Pool
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.errors import MethodError, NearDepthError, PoolError
from neardepth.evaluation.experiment import EvaluationError, Experiment
from neardepth.evaluation.metrics import measures
from neardepth.evaluation.report import Report, Row
from neardepth.evaluation.runner import run_experiment
from neardepth.pool import build_pool
from scenes import write_scenes

PLAIN = {"tiles": (1, 1), "refine": "none", "threshold": -1.0}


def run(*sources: object, **options: object) -> Report:
    overrides = {**PLAIN, **options.pop("overrides", {})}
    options = {"methods": ("knn",), **options}
    return run_experiment(Experiment(tuple(map(str, sources)), overrides=overrides, **options))


def row_of(report: Report, method: str) -> Row:
    return next(row for row in report.rows if row.method == method)


def rmse(row: Row) -> dict[str, float]:
    return {image.id: measures(image.sums)["rmse"] for image in row.images}


def independent(pool: Pool, k: int) -> dict[str, dict[str, float]]:
    """Leave-one-out by correlation-weighted mean, written from the equations alone."""
    descriptors = pool.descriptors(pool.descriptor_columns()[0].key)
    correlation = np.corrcoef(descriptors.astype(np.float64))
    np.fill_diagonal(correlation, -np.inf)
    depths = np.stack([pool.depth(pair_id) for pair_id in pool.ids]).astype(np.float64)
    found = {}
    for own, pair_id in enumerate(pool.ids):
        best = np.argsort(-correlation[own])[:k]
        weights = correlation[own, best]
        p, g = np.tensordot(weights, depths[best], 1) / weights.sum(), depths[own]
        root = np.sqrt(np.mean((p - g) ** 2))
        found[pair_id] = {
            "rmse": root,
            "rel": np.mean(np.abs(p - g) / g),
            "log10": np.mean(np.abs(np.log10(p) - np.log10(g))),
            "rmse_ln": np.sqrt(np.mean(np.log(p / g) ** 2)),
            "c": np.corrcoef(p.ravel(), g.ravel())[0, 1],
            "psnr": 20 * np.log10(g.max() / root),
            "delta1": np.mean(np.maximum(p / g, g / p) < 1.25),
            "mean": np.sqrt(np.mean((np.delete(depths, own, 0).mean(0) - g) ** 2)),
            "nearest": np.sqrt(np.mean((depths[best[0]] - g) ** 2)),
        }
    return found


def agree(report: Report, k: int) -> None:
    expected = independent(Pool.open(report.pool["path"]), k)
    method = report.rows[0]
    for name, interval in method.measures.items():
        if name in next(iter(expected.values())):
            mean = np.mean([figures[name] for figures in expected.values()])
            assert interval.mean == pytest.approx(mean, rel=1e-4), name
            assert interval.low < interval.mean < interval.high
    for baseline, name in (("mean-depth", "mean"), ("nearest-neighbour", "nearest")):
        for pair_id, error in rmse(row_of(report, baseline)).items():
            assert error == pytest.approx(expected[pair_id][name], rel=1e-4)


def test_leave_one_out_equals_the_equations(tmp_path: Path) -> None:
    report = run(
        write_scenes(tmp_path / "site", 12),
        overrides={"k": 3, "fusion": "weighted-mean"},
        methods=("knn",),
    )
    assert (report.count, report.protocol, report.dataset) == (12, "loo", "site")
    agree(report, k=3)


@pytest.mark.slow
def test_real_rooms_by_leave_one_out(data_dir: Path, tmp_path: Path) -> None:
    """Every eighth of NYU's training pairs with the paper's steps on EfficientNet-Lite0."""
    real = data_dir / "nyuv2-train"
    for part, ending in (("rgb", "jpg"), ("depth", "png")):
        (tmp_path / "nyuv2" / part).mkdir(parents=True)
        for path in sorted((real / part).glob(f"*.{ending}"))[::8]:
            (tmp_path / "nyuv2" / part / path.name).symlink_to(path)
    report = run(
        tmp_path / "nyuv2",
        methods=("paper",),
        overrides={"tiles": (4, 4)},
        encoder="efficientnet-lite0",
    )
    assert report.count == 100
    agree(report, k=4)
    ours, mean, random, _ = (row.measures["rmse"].mean for row in report.rows)
    assert ours < mean < random
    assert row_of(report, "paper").difference is None
    difference = row_of(report, "mean-depth").difference
    assert difference is not None
    assert 0 < difference["rmse"].low < mean - ours < difference["rmse"].high


def test_the_test_images_are_estimated_from_the_training_images(tmp_path: Path) -> None:
    path = write_nyu(tmp_path, 8, train=[1, 2, 5, 6, 7], test=[3, 4, 8])
    report = run(path, protocol="split")
    images = report.rows[0].images
    assert [image.id for image in images] == ["nyuv2/0003", "nyuv2/0004", "nyuv2/0008"]
    train = {f"nyuv2/000{number}" for number in (1, 2, 5, 6, 7)}
    assert {image.neighbour for image in images} <= train


def test_frames_of_a_scene_are_not_used_for_each_other(tmp_path: Path) -> None:
    path = write_nyu(tmp_path, 8, train=[1, 2, 5, 6, 7], test=[3, 4, 8])
    for image in run(path, protocol="scene-loo").rows[0].images:
        own, other = (int(pair_id[-4:]) for pair_id in (image.id, image.neighbour))
        assert (own - 1) // 2 != (other - 1) // 2


def test_raw_depth_is_the_truth_where_the_profile_says_so(tmp_path: Path) -> None:
    path = write_nyu(tmp_path, 4, train=[1, 2, 3], test=[4], size=(480, 640))
    report = run(path, profile="eigen", baselines=False)
    judged = [image.sums.count for image in report.rows[0].images]
    assert max(judged) <= 426 * (601 - 160)  # the crop without the quarter that raw depth lacks
    plain = run(path, baselines=False)
    gap = report.rows[0].measures["rmse"].mean - plain.rows[0].measures["rmse"].mean
    assert gap > 0.3  # raw depth is 1 m larger here
    with pytest.raises(EvaluationError, match=r"profile 'eigen' judges by .* choose another"):
        run(write_scenes(tmp_path / "site", 3), profile="eigen")


def test_several_sets_make_one_pool(tmp_path: Path) -> None:
    one, two = (write_scenes(tmp_path / name, 3, first=n) for n, name in ((0, "a"), (3, "b")))
    report = run(one, two, protocol="combined-loo")
    assert report.pool["pairs"] == report.count == 6
    assert report.dataset == "b+a"
    with pytest.raises(MethodError, match="at least 2 data sets"):
        run(one, protocol="combined-loo")
    again = write_scenes(tmp_path / "elsewhere" / "a", 3)
    with pytest.raises(EvaluationError, match="two of the sources have the name 'a'"):
        run(one, again)


def test_folds_and_margin_are_obeyed(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "drive", 12)
    for image in run(folder, protocol="blocks", folds=3, margin=2).rows[0].images:
        own, other = (int(pair_id[-3:]) for pair_id in (image.id, image.neighbour))
        assert not own // 4 * 4 - 2 <= other < own // 4 * 4 + 6
    assert run(folder, protocol="kfold", folds=3, seed=1).count == 12


def test_a_copy_of_a_query_is_left_out_with_it(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 5)
    for part, ending in (("rgb", "jpg"), ("depth", "png")):
        shutil.copy(folder / part / f"001.{ending}", folder / part / f"copy.{ending}")
    for image in run(folder).rows[0].images:
        assert image.correlation < 0.9999
    depths = {image.id: image.neighbour for image in run(folder).rows[0].images}
    assert depths["site/001"] != "site/copy"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pools")
    encoder = load_encoder("efficientnet-lite0")
    source = open_source(write_scenes(folder / "site", 6), name="renamed")
    build_pool(source, folder / "site.pool", encoder, (1, 1))
    return folder / "site.pool"


def test_sources_are_found_in_a_pool_by_their_photos(pool: Path) -> None:
    report = run(pool.parent / "site", pool=str(pool))
    assert report.protocol == "loo"
    assert [image.id for image in report.rows[0].images] == [f"renamed/00{n}" for n in range(6)]
    assert all(image.neighbour != image.id for image in report.rows[0].images)
    own = run(pool.parent / "site")
    assert list(rmse(report.rows[0]).values()) == list(rmse(own.rows[0]).values())


def test_sources_outside_a_pool_use_all_of_it(pool: Path, tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "new", 3, first=20)
    report = run(folder, pool=str(pool))
    assert report.protocol == "outside"
    assert "no query is in" in report.notes[0]
    estimate = DepthEstimator(pool, "knn", **PLAIN)
    for number, (pair_id, error) in enumerate(rmse(report.rows[0]).items(), start=20):
        assert pair_id == f"new/0{number}"
        truth = np.asarray(Image.open(folder / "depth" / f"0{number}.png")) / 1000
        depth = estimate(folder / "rgb" / f"0{number}.jpg").depth
        assert error == pytest.approx(np.sqrt(np.mean((depth - truth) ** 2)), rel=1e-4)
    with pytest.raises(EvaluationError, match="give no protocol, or no pool"):
        run(folder, pool=str(pool), protocol="loo")


def test_sources_partly_in_a_pool_are_refused(pool: Path, tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "mixed", 8)
    with pytest.raises(EvaluationError, match=r"6 of the 8 pairs are in .* the others are not"):
        run(folder, pool=str(pool))


def test_depth_that_the_pool_reads_in_another_unit_is_refused(pool: Path) -> None:
    problem = "has 500 counts per metre here and 1000 in the pool: give --depth-scale 1000,"
    with pytest.raises(EvaluationError, match=problem):
        run(pool.parent / "site", pool=str(pool), depth_scale=500.0)


def test_a_scale_as_it_is_advised_is_taken(pool: Path) -> None:
    run(pool.parent / "site", pool=str(pool), depth_scale=1000.0001)
    with pytest.raises(EvaluationError, match=r"has 1333\.33333 counts per metre here"):
        run(pool.parent / "site", pool=str(pool), depth_scale=1333.33333)


def test_a_bad_query_is_named_and_the_rest_is_judged(pool: Path, tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "new", 3, first=20)
    (folder / "rgb" / "021.jpg").write_bytes(b"no photo")
    for options in ({"pool": str(pool)}, {}):
        report = run(folder, **options)
        assert report.count == 2
        ((what, why),) = report.failed
        assert what == "new/021"
        assert "new/021" in why


def test_nothing_usable_is_an_error(pool: Path, tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "bad", 2)
    for path in (folder / "rgb").iterdir():
        path.write_bytes(b"no photo")
    with pytest.raises(PoolError, match="no pair of bad can be used"):
        run(folder)
    with pytest.raises(EvaluationError, match=r"nothing of .*bad can be used"):
        run(folder, pool=str(pool))


def test_unknown_depth_is_counted_and_filled_on_request(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "holes", 6)
    for path in sorted((folder / "depth").iterdir())[1:]:
        depth = np.array(Image.open(path))
        depth[:24] = 0
        Image.fromarray(depth).save(path)
    bare, filled = (run(folder, fill=fill) for fill in (False, True))
    first = bare.rows[0].images[0]  # the only one whose truth is whole
    assert first.sums.missing_share == pytest.approx(24 / 96)
    assert all(row.missing > 0 for row in bare.rows[:2])
    assert [row.missing for row in filled.rows] == [0, 0, 0, 0]
    assert filled.rows[0].label.endswith("filled)")


def test_two_methods_are_compared_on_the_same_images(tmp_path: Path) -> None:
    report = run(
        write_scenes(tmp_path / "site", 6),
        methods=("knn", "paper", "knn"),
        encoder="efficientnet-lite0",
        baselines=False,
    )
    first, second = report.rows
    assert (first.method, second.method) == ("knn", "paper")
    assert first.label == "knn (tiles=1x1, threshold=-1.0, refine=none)"
    differences = np.array(list(rmse(second).values())) - list(rmse(first).values())
    assert second.difference["rmse"].mean == pytest.approx(differences.mean())


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"methods": ("knm",)}, MethodError, "no method 'knm'"),
        ({"profile": "nyu"}, MethodError, "no profile 'nyu'"),
        ({"protocol": "all"}, MethodError, "no protocol 'all'"),
        ({"margin": 2}, MethodError, "goes with protocol 'blocks' only"),
        ({"overrides": {"k": 0}}, MethodError, "k must be a whole number from 1"),
        ({"seed": -1}, MethodError, "cannot be below 0"),
        ({"protocol": "scene-loo"}, MethodError, "site/000 has none"),
        ({"protocol": "split"}, MethodError, "needs training and test images"),
        ({"protocol": "kfold", "folds": 9}, MethodError, "number of folds must be from 2 to"),
        ({"pool": "missing.pool"}, PoolError, "does not exist"),
        ({"methods": ()}, EvaluationError, "at least one method"),
    ],
)
def test_what_does_not_fit_is_said_plainly(
    options: dict, error: type[NearDepthError], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        run(write_scenes(tmp_path / "site", 3), **options)
    with pytest.raises(EvaluationError, match="at least one source"):
        run()
