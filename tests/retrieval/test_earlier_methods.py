"""Methods of neighbours, hand-made descriptors among them, from photos to depth."""

from __future__ import annotations

import itertools
import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from commandline import neardepth
from neardepth import DepthEstimator, Pool
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.errors import MethodError, PhotoError
from neardepth.imaging.depthmaps import read_depth
from neardepth.pool import build_pool
from scenes import scene, write_scenes

EARLIER = (
    "konrad2013",
    "herrera2014",
    "arciniegas2015",
    "herrera2018",
    "kim2014",
    "karsch2014",
    "trnn2018",
)
SIZE = (60, 80)
COUNT = 12


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("source") / "site", COUNT, size=SIZE)


@pytest.fixture(scope="module")
def pool(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    path = tmp_path_factory.mktemp("pools") / "site.pool"
    build_pool(open_source(source), path, load_encoder("hog"), (1, 1))
    return Pool.open(path)


@pytest.fixture(scope="module")
def estimators(pool: Pool) -> dict[str, DepthEstimator]:
    return {name: DepthEstimator(pool, name) for name in EARLIER}


@pytest.mark.parametrize("name", EARLIER)
def test_a_photo_of_the_pool_finds_itself_and_names_its_neighbours(
    name: str, estimators: dict[str, DepthEstimator], pool: Pool, source: Path
) -> None:
    result = estimators[name](source / "rgb" / "003.jpg")
    assert result.neighbours[0].id == "site/003"
    assert result.neighbours[0].correlation == pytest.approx(1, abs=1e-3)
    assert sum(neighbour.weight for neighbour in result.neighbours) == pytest.approx(1)
    assert result.depth.shape == SIZE
    assert np.isfinite(result.depth).all()
    assert len(result.evidence()) == len(result.neighbours)


@pytest.mark.parametrize("name", EARLIER)
def test_with_one_neighbour_the_answer_is_the_photos_own_depth(
    name: str, pool: Pool, source: Path
) -> None:
    overrides = {"k": 1, "refine": "none", "cluster_size": 0}
    result = DepthEstimator(pool, name, **overrides)(source / "rgb" / "003.jpg")
    truth = pool.depth("site/003")
    # Depth Transfer's smoothness and prior draw at it even then, local medians and stacking blur.
    tolerance = 0.15 if name in ("karsch2014", "kim2014", "trnn2018") else 1e-3
    assert np.abs(np.log(result.depth / truth)).mean() < tolerance


@pytest.mark.parametrize("name", EARLIER)
def test_a_photo_that_is_left_out_is_estimated_from_the_others(
    name: str, estimators: dict[str, DepthEstimator], pool: Pool
) -> None:
    results = estimators[name].leave_one_out(lambda own: {own}, ["site/003"])
    _, result = next(iter(results))
    assert "site/003" not in {neighbour.id for neighbour in result.neighbours}


@pytest.mark.parametrize("name", EARLIER)
def test_the_pools_order_does_not_matter(
    name: str, estimators: dict[str, DepthEstimator], source: Path, tmp_path: Path
) -> None:
    forward = open_source(source)
    path = tmp_path / "reverse.pool"
    build_pool(replace(forward, pairs=forward.pairs[::-1]), path, load_encoder("hog"), (1, 1))
    photo = scene(77, SIZE)[0]
    other = DepthEstimator(path, name)(photo)
    assert other.pool["pairs"] == COUNT
    assert np.allclose(other.depth, estimators[name](photo).depth, atol=1e-4)


def test_a_method_of_descriptors_keeps_to_them_in_a_pool_of_another_encoder(
    source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "own.pool"
    encoder = load_encoder("efficientnet-lite0")
    build_pool(open_source(source), path, encoder, (1, 1), encoder_setting=encoder.info())
    assert DepthEstimator(path, "konrad2013").encoder.name == "hog"
    assert DepthEstimator(path, "knn", tiles=(1, 1)).encoder.name == "efficientnet-lite0"


def test_several_descriptors_can_be_joined_for_any_method_of_neighbours(pool: Pool) -> None:
    estimator = DepthEstimator(pool, "knn", encoder="hog+lbp", tiles=(2, 2), threshold=-1.0)
    result = estimator(scene(77, SIZE)[0])
    assert [encoder.name for encoder in estimator.encoders] == ["hog", "lbp"]
    assert json.loads(json.dumps(result.summary()))["method"]["encoder"]["name"] == "hog+lbp"


def test_distance_takes_one_descriptor(pool: Pool) -> None:
    with pytest.raises(MethodError, match="takes one encoder, not 2"):
        DepthEstimator(pool, "konrad2013", encoder="hog+lbp")


def test_a_pool_of_one_photo_many_times_has_clusters_too(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 1, size=SIZE)
    for index in range(1, 5):
        for part, suffix in (("rgb", "jpg"), ("depth", "png")):
            name = folder / part / f"{index:03}.{suffix}"
            name.write_bytes((folder / part / f"000.{suffix}").read_bytes())
    build_pool(open_source(folder), tmp_path / "p", load_encoder("hog"), (1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator = DepthEstimator(tmp_path / "p", "herrera2018", cluster_size=1)
    assert np.isfinite(estimator(scene(9, SIZE)[0]).depth).all()


def test_solved_weights_refuse_settings_of_neighbours(pool: Pool) -> None:
    with pytest.raises(MethodError, match="has no similarity"):
        DepthEstimator(pool, "kernel", similarity="distance")
    with pytest.raises(MethodError, match="one of weighted-mean"):
        DepthEstimator(pool, "knn", fusion="mode")


def test_depth_with_holes_is_transferred_without_them_spreading(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 8, size=SIZE)
    for index in range(8):
        np.save(folder / "depth" / f"{index:03}.npy", holed(index))
        (folder / "depth" / f"{index:03}.png").unlink()
    build_pool(open_source(folder), tmp_path / "p", load_encoder("gist"), (1, 1))
    photo = scene(50, SIZE)[0]
    for name in ("karsch2014", "kim2014", "trnn2018"):
        depth = DepthEstimator(tmp_path / "p", name)(photo).depth
        assert np.isfinite(depth).mean() > 0.9
        assert 0.3 < np.nanmin(depth) < np.nanmax(depth) < 10


def holed(seed: int) -> np.ndarray:
    depth = scene(seed, SIZE)[1].copy()
    depth[np.random.default_rng(seed).random(SIZE) < 0.3] = np.nan
    return depth


def test_frames_of_a_clip_are_steadier_together(pool: Pool) -> None:
    """A camera that pans: each frame's depth, seen from the next, should be the next one's."""
    wide, _ = scene(77, (60, 110))
    random = np.random.default_rng(0)
    frames = [
        np.clip(wide[:, 3 * step : 3 * step + 80] + random.normal(0, 4, (60, 80, 3)), 0, 255)
        for step in range(6)
    ]
    frames = [frame.astype(np.uint8) for frame in frames]
    estimator = DepthEstimator(pool, "karsch2014")
    together = [result.depth for result in estimator.clip(frames)]
    apart = [result.depth for result in estimator.map(frames)]

    def flicker(depths: list[np.ndarray]) -> float:
        pairs = itertools.pairwise(depths)
        return float(np.mean([np.abs(np.log(a[:, 3:] / b[:, :-3])).mean() for a, b in pairs]))

    assert flicker(together) < 0.6 * flicker(apart)
    assert len({tuple(n.id for n in result.neighbours) for result in estimator.clip(frames)}) == 1
    with pytest.raises(MethodError, match="one by one"):
        DepthEstimator(pool, "konrad2013").clip(frames)
    with pytest.raises(PhotoError, match="another size"):
        estimator.clip([frames[0], frames[1][:50]])


def test_karsch_on_the_command_line(source: Path, pool: Pool, tmp_path: Path) -> None:
    photo = source / "rgb" / "005.jpg"
    run = neardepth(
        "estimate", photo, "--pool", pool.path, "--method", "karsch2014", "-o", tmp_path
    )
    assert "7 neighbours, best site/005" in run.stdout
    depth = read_depth(tmp_path / "005.depth.png")
    assert depth.shape == SIZE


def test_a_sample_of_queries_is_judged_from_the_whole_pool(
    source: Path, pool: Pool, tmp_path: Path
) -> None:
    run = neardepth(
        *("evaluate", source, "--pool", pool.path, "--method", "konrad2013", "--sample", "4"),
        *("--json", tmp_path / "run.json"),
    )
    content = json.loads((tmp_path / "run.json").read_text())
    assert content["experiment"]["sample"] == 4
    assert "a random 4 of 12 queries, seed 0" in run.stdout + run.stderr
