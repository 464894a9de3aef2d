"""The kernel method on real networks, from photos to depth."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commandline import neardepth
from neardepth import DepthEstimator, NearDepthError, Pool
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.errors import EncoderError, MethodError, PoolError
from neardepth.pool import add_pairs, build_pool
from scenes import scene, write_scenes

METHOD = "kernel-fast"
ENCODER = "efficientnet-lite0"


def build(source: Path, path: Path) -> Pool:
    build_pool(open_source(source), path, load_encoder(ENCODER), None)
    return Pool.open(path)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("site"), 16)


@pytest.fixture(scope="module")
def pool(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return build(source, tmp_path_factory.mktemp("pools") / "site.pool")


@pytest.fixture(scope="module")
def estimator(pool: Pool) -> DepthEstimator:
    return DepthEstimator(pool, METHOD, prior="none")


@pytest.fixture(scope="module")
def unseen() -> np.ndarray:
    return scene(100)[0]


def fits(pool: Pool) -> list[Path]:
    return sorted((pool.path / "fits").iterdir())


def error(depth: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(np.log(depth) - np.log(truth)).mean())


def test_a_photo_of_the_pool_gets_nearly_its_own_depth_and_names_itself(
    estimator: DepthEstimator, source: Path
) -> None:
    own, truth = f"{source.name}/003", scene(3)[1]
    with_it = estimator(source / "rgb" / "003.jpg")
    without = estimator(source / "rgb" / "003.jpg", exclude=[own])
    assert with_it.neighbours[0].id == own
    assert own not in {neighbour.id for neighbour in without.neighbours}
    assert error(with_it.depth, truth) < 0.7 * error(without.depth, truth)


def test_explained_by_the_images_of_largest_weight(
    estimator: DepthEstimator, unseen: np.ndarray
) -> None:
    result = estimator(unseen)
    sizes = [abs(neighbour.weight) for neighbour in result.neighbours]
    assert len(sizes) == estimator.method.k
    assert sizes == sorted(sizes, reverse=True)
    assert result.explain().size[0] > 1000


def test_exclusion_is_a_fit_without(
    estimator: DepthEstimator, pool: Pool, source: Path, unseen: np.ndarray, tmp_path: Path
) -> None:
    left_out = pool.ids[:4]
    rest = shutil.copytree(source, tmp_path / source.name)
    for pair_id in left_out:
        (rest / "rgb" / f"{Path(pair_id).name}.jpg").unlink()
        (rest / "depth" / f"{Path(pair_id).name}.png").unlink()
    smaller = DepthEstimator(build(rest, tmp_path / "rest.pool"), METHOD, prior="none")
    np.testing.assert_allclose(
        estimator(unseen, exclude=left_out).depth, smaller(unseen).depth, rtol=1e-3
    )
    with pytest.raises(PoolError, match="every pair of the pool is excluded"):
        estimator(unseen, exclude=pool.ids)
    with pytest.raises(PoolError, match="no pair typo"):
        estimator(unseen, exclude=["typo"])


def test_leaving_one_out_by_the_closed_form_is_near_a_fit_without(
    estimator: DepthEstimator, pool: Pool, source: Path
) -> None:
    closed, refitted = [], []
    for pair_id, result in estimator.leave_one_out(ids=pool.ids[:6]):
        truth = pool.depth(pair_id)
        photo = pool.photo(pair_id)
        closed.append(error(result.depth, truth))
        refitted.append(error(estimator(photo.image, exclude=[pair_id]).depth, truth))
        assert pair_id not in {neighbour.id for neighbour in result.neighbours}
    assert np.mean(closed) == pytest.approx(np.mean(refitted), rel=0.25)


def test_the_fit_is_kept_and_made_anew_when_the_pool_changes(
    source: Path, unseen: np.ndarray, tmp_path: Path
) -> None:
    pool = build(source, tmp_path / "site.pool")
    before = DepthEstimator(pool, METHOD, prior="none")(unseen).depth
    (kept,) = fits(pool)
    stamp = kept.stat().st_mtime_ns
    np.testing.assert_allclose(
        DepthEstimator(pool, METHOD, prior="none")(unseen).depth, before, rtol=1e-4
    )
    assert fits(pool)[0].stat().st_mtime_ns == stamp
    more = write_scenes(tmp_path / "more", 1, first=100)
    add_pairs(pool.path, open_source(more))
    after = DepthEstimator(pool.path, METHOD, prior="none")(unseen).depth
    assert fits(pool) != [kept], "the older fit is deleted"
    assert len(fits(pool)) == 1
    truth = scene(100)[1]
    assert error(after, truth) < 0.8 * error(before, truth), "the added pair counts at once"


def test_a_damaged_fit_is_made_anew(source: Path, unseen: np.ndarray, tmp_path: Path) -> None:
    pool = build(source, tmp_path / "site.pool")
    before = DepthEstimator(pool, METHOD, prior="none")(unseen).depth
    fits(pool)[0].write_bytes(b"cut")
    with pytest.warns(UserWarning, match="fitting anew"):
        again = DepthEstimator(pool, METHOD, prior="none")
    np.testing.assert_allclose(again(unseen).depth, before, rtol=1e-4)


def test_the_order_of_the_pool_does_not_matter(
    estimator: DepthEstimator, source: Path, unseen: np.ndarray, tmp_path: Path
) -> None:
    pairs = open_source(source)
    backwards = type(pairs)(pairs.name, pairs.pairs[::-1])
    build_pool(backwards, tmp_path / "backwards.pool", load_encoder(ENCODER), None)
    other = DepthEstimator(tmp_path / "backwards.pool", METHOD, prior="none")
    np.testing.assert_allclose(other(unseen).depth, estimator(unseen).depth, rtol=1e-4)


def test_swapping_red_and_blue_changes_the_depth(
    estimator: DepthEstimator, unseen: np.ndarray
) -> None:
    swapped = estimator(np.ascontiguousarray(unseen[..., ::-1])).depth
    assert error(swapped, estimator(unseen).depth) > 0.005


def test_intervals_lie_around_the_depth_and_the_wider_covers_the_narrower(
    estimator: DepthEstimator, unseen: np.ndarray
) -> None:
    result = estimator(unseen)
    near, far = result.interval()
    nearer, farther = result.interval(0.95)
    assert (nearer < near).all()
    assert (near < result.depth).all()
    assert (result.depth < far).all()
    assert (far < farther).all()
    with pytest.raises(ValueError, match=r"0\.68 or 0\.95"):
        result.interval(0.5)


def test_noise_is_unlike_a_pool_of_scenes(estimator: DepthEstimator) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    assert estimator(noise).low_confidence


def test_depth_goes_with_the_focal_length_where_the_pool_knows_its_own(
    source: Path, unseen: np.ndarray, tmp_path: Path
) -> None:
    folder = shutil.copytree(source, tmp_path / "site")
    camera = {"fx": 110.0, "fy": 110.0, "cx": 63.5, "cy": 47.5}
    rows = [[f"{number:03}", *camera.values()] for number in range(16)]
    lines = [["name", *camera], *rows]
    text = "\n".join(",".join(map(str, line)) for line in lines)
    (folder / "pairs.csv").write_text(text + "\n")
    pool = build(folder, tmp_path / "site.pool")
    usual = DepthEstimator(pool, METHOD, prior="none")(unseen)
    same = DepthEstimator(pool, METHOD, prior="none", focal_px=110)(unseen)
    longer = DepthEstimator(pool, METHOD, prior="none", focal_px=220)(unseen)
    wide = DepthEstimator(pool, METHOD, prior="none", fov=2 * np.degrees(np.arctan(64 / 110)))(
        unseen
    )
    np.testing.assert_allclose(same.depth, usual.depth, rtol=1e-4)
    np.testing.assert_allclose(wide.depth, usual.depth, rtol=1e-3)
    np.testing.assert_allclose(longer.depth, 2 * usual.depth, rtol=1e-3)
    assert "110 px" in str(usual.method["camera"])


@pytest.mark.parametrize("kind", ["one", "identical", "constant", "mixed"])
def test_odd_pools_through_the_command_line(kind: str, tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 1 if kind == "one" else 8)
    for number in range(8):
        photo, depth = folder / f"rgb/{number:03}.jpg", folder / f"depth/{number:03}.png"
        if kind == "identical" and number:
            shutil.copy(folder / "depth/000.png", depth)
            shutil.copy(folder / "rgb/000.jpg", photo)
        elif kind == "constant":
            Image.fromarray(np.full((96, 128), 2500, np.uint16)).save(depth)
        elif kind == "mixed" and number % 2:
            with Image.open(photo) as picture:
                picture.resize((90 + 10 * number, 150)).save(photo)
            with Image.open(depth) as picture:
                picture.resize((45 + 5 * number, 75), Image.Resampling.NEAREST).save(depth)
    Image.fromarray(scene(50)[0]).save(tmp_path / "photo.png")
    pool = tmp_path / "site.pool"
    neardepth("pool", "build", folder, "-o", pool, "--method", METHOD)
    neardepth(
        *("estimate", tmp_path / "photo.png", "--pool", pool, "--method", METHOD),
        *("--prior", "none", "-o", tmp_path),
    )
    found = json.loads((tmp_path / "photo.depth.json").read_text())
    limits = (found["depth"]["min"], found["depth"]["max"])
    assert found["depth"]["known_share"] == 1
    if kind == "constant":
        # Not exactly: a crop of a photo counts as a nearer scene.
        assert limits == pytest.approx((2.5, 2.5), rel=0.2)
    else:
        assert 0.3 < limits[0] <= limits[1] < 20


def test_a_network_without_maps_is_refused(pool: Pool, shared_dir: Path) -> None:
    network = shared_dir / "weights" / "resnet50v2-conv4-gap.onnx"
    with pytest.raises(EncoderError, match=r"no map 'stride16'.*--method knn"):
        DepthEstimator(pool, METHOD, prior="none", encoder=str(network))


def test_settings_of_tiles_do_not_go_with_solved_weights(pool: Pool) -> None:
    with pytest.raises(MethodError):
        DepthEstimator(pool, METHOD, prior="none", threshold=0.3)
    assert issubclass(MethodError, NearDepthError)
