from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neardepth import DepthEstimator, Method, Pool
from neardepth.datasets import open_source
from neardepth.encoders import Encoder, load_encoder
from neardepth.errors import EncoderError, MethodError, PhotoError, PoolError
from neardepth.methods import find_method
from neardepth.pool import build_pool
from neardepth.retrieval.common import MAX_WORKING_SIDE, working_size
from scenes import scene, write_scenes


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("efficientnet-lite0")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("site"), 12)


@pytest.fixture(scope="module")
def pool(source: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    path = tmp_path_factory.mktemp("pools") / "site.pool"
    build_pool(open_source(source), path, encoder, (2, 2))
    return Pool.open(path)


@pytest.fixture
def estimator(pool: Pool, encoder: Encoder) -> DepthEstimator:
    return DepthEstimator(
        pool, "paper", encoder=encoder, tiles=(2, 2), refine="none", threshold=-1.0
    )


def photo_of(source: Path, index: int) -> Path:
    return source / "rgb" / f"{index:03}.jpg"


def test_a_photo_of_the_pool_returns_its_own_depth(
    estimator: DepthEstimator, pool: Pool, source: Path
) -> None:
    for index in (0, 5, 11):
        result = estimator(photo_of(source, index))
        own = f"{source.name}/{index:03}"
        assert result.neighbours[0].id == own
        assert result.neighbours[0].correlation == pytest.approx(1, abs=1e-5)
        alone = DepthEstimator(pool, estimator.method.override(k=1), encoder=estimator.encoder)
        np.testing.assert_array_equal(alone(photo_of(source, index)).depth, pool.depth(own))


def test_left_out_photos_are_not_among_the_neighbours(
    estimator: DepthEstimator, pool: Pool, source: Path
) -> None:
    own = f"{source.name}/003"
    assert own not in {n.id for n in estimator(photo_of(source, 3), exclude=[own]).neighbours}
    with pytest.raises(PoolError, match="no pair typo"):
        estimator(photo_of(source, 3), exclude=["typo"])
    with pytest.raises(PoolError, match="as a list"):
        estimator(photo_of(source, 3), exclude=own)
    with pytest.raises(PoolError, match="every pair of the pool is excluded"):
        estimator(photo_of(source, 3), exclude=pool.ids)
    for pair_id, result in estimator.leave_one_out():
        assert pair_id not in {neighbour.id for neighbour in result.neighbours}


def test_leave_one_out_equals_excluding_by_hand(
    estimator: DepthEstimator, pool: Pool, source: Path
) -> None:
    results = dict(estimator.leave_one_out())
    assert list(results) == pool.ids
    own = f"{source.name}/007"
    assert [pair_id for pair_id, _ in estimator.leave_one_out(ids=[own])] == [own]
    by_hand = estimator(photo_of(source, 7), exclude=[own])
    np.testing.assert_allclose(results[own].depth, by_hand.depth, rtol=1e-4)


def test_the_order_of_the_pool_does_not_matter(
    estimator: DepthEstimator, source: Path, tmp_path: Path
) -> None:
    pairs = open_source(source)
    backwards = type(pairs)(pairs.name, pairs.pairs[::-1])
    build_pool(backwards, tmp_path / "backwards.pool", estimator.encoder, (2, 2))
    other = DepthEstimator(tmp_path / "backwards.pool", estimator.method, encoder=estimator.encoder)
    query = scene(99)[0]
    np.testing.assert_allclose(other(query).depth, estimator(query).depth, rtol=1e-5)
    assert [n.id for n in other(query).neighbours] == [n.id for n in estimator(query).neighbours]


def test_fusion_is_equation_two_of_the_neighbours_depth(
    estimator: DepthEstimator, pool: Pool
) -> None:
    result = estimator(scene(99)[0])
    correlations = np.array([n.correlation for n in result.neighbours])
    depths = np.stack([pool.depth(n.id) for n in result.neighbours])
    expected = (correlations[:, None, None] * depths).sum(0) / correlations.sum()
    np.testing.assert_allclose(result.fused, expected, rtol=1e-4)
    assert sum(n.weight for n in result.neighbours) == pytest.approx(1)


def test_swapping_red_and_blue_changes_the_neighbours_correlations(
    estimator: DepthEstimator, source: Path
) -> None:
    image = np.asarray(Image.open(photo_of(source, 2)))
    right, swapped = estimator(image), estimator(image[..., ::-1])
    assert right.neighbours[0].correlation > 0.9999
    assert swapped.neighbours[0].correlation < 0.99


def test_paths_bytes_pictures_and_arrays_give_the_same(
    estimator: DepthEstimator, source: Path
) -> None:
    path = photo_of(source, 4)
    sources = [str(path), path.read_bytes(), Image.open(path), np.asarray(Image.open(path))]
    expected = estimator(path).depth
    for other in sources:
        np.testing.assert_array_equal(estimator(other).depth, expected)


def test_low_confidence_is_flagged_and_the_best_is_kept(pool: Pool, encoder: Encoder) -> None:
    result = DepthEstimator(pool, "paper", encoder=encoder, tiles=(2, 2), threshold=0.99)(
        scene(99)[0]
    )
    assert result.low_confidence
    assert [n.kept for n in result.neighbours] == [True, False, False, False]
    assert [n.weight for n in result.neighbours] == [1, 0, 0, 0]


def test_many_photos_are_read_only_a_few_ahead(estimator: DepthEstimator, source: Path) -> None:
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        while True:
            taken += 1
            yield photo_of(source, taken % 12)

    results = estimator.map(endless())
    for done in range(1, 8):
        next(results)
        assert taken <= done + 8


def test_a_bad_photo_in_a_batch_does_not_stop_the_rest(
    estimator: DepthEstimator, source: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no photo")
    outcomes = dict(estimator.outcomes([photo_of(source, 0), bad, photo_of(source, 1)]))
    assert isinstance(outcomes[bad], PhotoError)
    assert outcomes[photo_of(source, 1)].depth.shape == (96, 128)
    with pytest.raises(PhotoError, match=r"bad\.jpg"):
        list(estimator.map([photo_of(source, 0), bad]))


def test_a_large_portrait_photo_gets_depth_of_its_own_size(estimator: DepthEstimator) -> None:
    photo = np.asarray(Image.fromarray(scene(98)[0]).resize((1500, 2000)))
    result = estimator(photo)
    assert result.depth.shape == result.uncertainty.shape == (2000, 1500)
    assert working_size(photo) == (MAX_WORKING_SIDE, MAX_WORKING_SIDE * 3 // 4)


def test_unknown_pixels_stay_unknown_unless_filled(encoder: Encoder, tmp_path: Path) -> None:
    source = write_scenes(tmp_path / "holes", 4)
    for path in (source / "depth").iterdir():
        depth = np.array(Image.open(path))
        depth[:30] = 0
        Image.fromarray(depth).save(path)
    build_pool(open_source(source), tmp_path / "holes.pool", encoder, (2, 2))
    estimate = DepthEstimator(tmp_path / "holes.pool", "knn", encoder=encoder, tiles=(2, 2))
    depth = estimate(scene(99)[0]).depth
    assert np.isnan(depth[:30]).all()
    assert not np.isnan(depth[30:]).any()
    filling = DepthEstimator(
        tmp_path / "holes.pool", "knn", encoder=encoder, tiles=(2, 2), fill=True
    )
    filled = filling(scene(99)[0])
    assert not np.isnan(filled.depth).any()
    np.testing.assert_array_equal(filled.filled, np.isnan(depth))


def test_a_pool_keeps_to_the_encoder_it_was_built_with(
    shared_dir: Path, source: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "own.onnx"
    shutil.copy(shared_dir / "weights" / "resnet50v2-conv4-gap.onnx", weights)
    own = load_encoder(str(weights))
    path = tmp_path / "own.pool"
    build_pool(open_source(source), path, own, (1, 1), encoder_setting=own.info())
    assert DepthEstimator(path, "paper", tiles=(1, 1)).encoder.name == "own"
    weights.unlink()
    with pytest.raises(EncoderError, match="was built with encoder own"):
        DepthEstimator(path, "paper", tiles=(1, 1))


def test_settings_can_be_overridden_and_are_checked(pool: Pool, encoder: Encoder) -> None:
    method = DepthEstimator(pool, "knn", encoder=encoder, k=2, tiles=(2, 2)).method
    assert (method.k, method.name) == (2, "knn")
    wrongs: tuple[dict[str, object], ...] = (
        {"k": 0},
        {"k": 4.5},
        {"threshold": 2.0},
        {"fusion": "max"},
        {"tiles": (0, 4)},
        {"tiles": 4},
        {"refine_sigma": float("inf")},
        {"kk": 3},
    )
    for wrong in wrongs:
        with pytest.raises(MethodError, match=next(iter(wrong))):
            DepthEstimator(pool, "knn", encoder=encoder, **wrong)
    with pytest.raises(MethodError, match="no method 'papre'"):
        find_method("papre")
    assert isinstance(find_method("paper"), Method)


def test_half_of_the_pixels_lost_changes_the_result_little(
    data_dir: Path, encoder: Encoder, tmp_path: Path
) -> None:
    """Real pairs with half of their depth removed, at random and in blocks, against whole ones."""
    real = data_dir / "nyuv2-train"
    names = sorted(path.stem for path in (real / "rgb").glob("*.jpg"))[:24]
    random = np.random.default_rng(0)
    depths = {}
    for kind in ("whole", "random", "blocks"):
        folder = tmp_path / kind
        (folder / "depth").mkdir(parents=True)
        (folder / "rgb").symlink_to(real / "rgb")
        for name in names:
            depth = np.array(Image.open(real / "depth" / f"{name}.png"))
            if kind == "random":
                depth[random.random(depth.shape) < 0.5] = 0
            elif kind == "blocks":
                lost = random.random((12, 16)) < 0.5
                depth[lost.repeat(40, axis=0).repeat(40, axis=1)] = 0
            Image.fromarray(depth).save(folder / "depth" / f"{name}.png")
        pairs = open_source(folder, name="nyu")
        build_pool(pairs, tmp_path / f"{kind}.pool", encoder, (1, 1))
        estimate = DepthEstimator(
            tmp_path / f"{kind}.pool", "paper", encoder=encoder, tiles=(1, 1), threshold=-1
        )
        depths[kind] = {pair_id: result.depth for pair_id, result in estimate.leave_one_out()}
    truths = Pool.open(tmp_path / "whole.pool")

    def error(kind: str) -> float:
        errors = []
        for pair_id, depth in depths[kind].items():
            truth = truths.depth(pair_id)
            errors.append(np.nanmean(np.abs(depth - truth) / truth))
        return float(np.mean(errors))

    # Without blocks of depth a pixel rests on two neighbours instead of four.
    for kind, change, worse in (("random", 0.05, 1.02), ("blocks", 0.15, 1.20)):
        changes = []
        for pair_id, whole in depths["whole"].items():
            known = ~np.isnan(depths[kind][pair_id])
            assert known.mean() > 0.85
            changes.append(np.mean(np.abs(depths[kind][pair_id] - whole)[known] / whole[known]))
        assert np.mean(changes) < change
        assert error(kind) < worse * error("whole")


def test_sparse_lidar_depth_is_fused_without_spreading_into_the_unknown(
    data_dir: Path, encoder: Encoder, tmp_path: Path
) -> None:
    real = data_dir / "kitti-drive0005"
    folder = tmp_path / "kitti"
    (folder / "rgb").mkdir(parents=True)
    (folder / "depth").mkdir()
    for path in sorted((real / "rgb").iterdir())[::20]:
        (folder / "rgb" / path.name).symlink_to(path)
        depth = real / "depth" / f"{path.stem}.png"
        (folder / "depth" / depth.name).symlink_to(depth)
    build_pool(open_source(folder, depth_scale=256), tmp_path / "k.pool", encoder, (2, 2))
    estimate = DepthEstimator(
        tmp_path / "k.pool", "knn", encoder=encoder, tiles=(2, 2), threshold=-1
    )
    for _, result in estimate.leave_one_out():
        known = ~np.isnan(result.depth)
        theirs = [estimate.pool.depth(n.id) for n in result.neighbours if n.kept]
        some = np.logical_or.reduce([~np.isnan(depth) for depth in theirs])
        assert not (known & ~some).any(), "depth where no neighbour knows any"
        assert known.sum() > 0.95 * some.sum()
        assert 2 < np.nanmin(result.depth) < np.nanmax(result.depth) < 81
