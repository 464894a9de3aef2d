"""Models that ship and models of the user's own, from photos to depth, on real networks."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commandline import neardepth
from neardepth import DepthEstimator, Pool
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.errors import EncoderError, MethodError, ModelError, PoolError
from neardepth.pool import add_pairs, build_pool
from scenes import scene, write_scenes

METHOD = "kernel-fast"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "rooms"
ENCODER = "efficientnet-lite0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prior")


@pytest.fixture(scope="module")
def pool(folder: Path) -> Pool:
    build_pool(
        open_source(write_scenes(folder / "site", 10)),
        folder / "site.pool",
        load_encoder(ENCODER),
        None,
    )
    return Pool.open(folder / "site.pool")


@pytest.fixture(scope="module")
def model(pool: Pool, folder: Path) -> Path:
    """Of another ten scenes, through the command line."""
    write_scenes(folder / "other", 10, first=200)
    path = folder / "other.pool"
    neardepth("pool", "build", folder / "other", "-o", path, "--method", METHOD)
    file = folder / "other.safetensors"
    neardepth("pool", "export-model", path, "-o", file, "--method", METHOD, "--terms", "CC0")
    return file


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return scene(100)[0]


def error(depth: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(np.log(depth) - np.log(truth)).mean())


def test_without_a_pool_the_model_that_ships_answers(photo: np.ndarray) -> None:
    result = DepthEstimator(method=METHOD)(photo)
    assert np.isfinite(result.depth).all()
    assert all(n.id.startswith("indoor-fast:nyuv2-train/") for n in result.neighbours)
    assert "519" not in str(result.method["camera"])  # pixels of this photo, not of 640 wide
    assert result.pool["pairs"] == 795
    assert result.factor95 is not None
    assert result.explain().size[0] > 1000


def test_a_photo_without_options_on_the_command_line(photo: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    done = neardepth("estimate", tmp_path / "photo.png", "-o", tmp_path)
    assert "model indoor, fitted on 795 pairs; no pool" in done.stderr
    found = json.loads((tmp_path / "photo.depth.json").read_text())
    assert found["method"]["prior"]["name"] == "indoor"


def test_an_exported_model_knows_its_scenes_without_their_pictures(
    model: Path, folder: Path
) -> None:
    estimator = DepthEstimator(prior=model, method=METHOD)
    own, truth = scene(203)
    result = estimator(own)
    assert result.neighbours[0].id == "other:other/203"
    assert error(result.depth, truth) < 0.6 * error(DepthEstimator(method=METHOD)(own).depth, truth)
    assert result.evidence() == [None] * len(result.neighbours)
    shown = DepthEstimator(prior=model, method=METHOD, frames=folder / "other")(own)
    pictures = shown.evidence()[0]
    assert pictures is not None
    assert np.abs(pictures[0].astype(int) - own).mean() < 5
    np.testing.assert_allclose(pictures[1], truth, atol=1e-3)


def test_the_choice_is_told_and_falls_on_what_is_off_by_less(pool: Pool, model: Path) -> None:
    chosen = DepthEstimator(pool, METHOD)
    found = re.fullmatch(
        r"(no )?prior(?:: | )indoor-fast(?:: | is )off by ([\d.]+)% on the pool's pairs against "
        r"([\d.]+)% without(, corrected at \d+% strength)?",
        chosen.choice,
    )
    assert found is not None, chosen.choice
    assert (float(found[2]) >= float(found[3])) == bool(found[1])
    assert (chosen.model is None) == bool(found[1])
    with_model = DepthEstimator(pool, METHOD, prior=model)
    assert "prior other, as asked, corrected at" in with_model.choice
    assert "as asked" in DepthEstimator(pool, METHOD, prior="none").choice


def test_pairs_correct_a_prior_from_the_moment_they_are_added(folder: Path, model: Path) -> None:
    """All depths of the user's place are half of what the model would say."""
    source = write_scenes(folder / "near", 8, first=400)
    for path in (source / "depth").iterdir():
        depth = np.asarray(Image.open(path))
        Image.fromarray(depth // 2).save(path)
    pairs = open_source(source)
    path = folder / "near.pool"
    build_pool(pairs, path, load_encoder(ENCODER), None)
    photo, truth = scene(450)
    before = DepthEstimator(method=METHOD, prior=model)(photo)
    after = DepthEstimator(path, METHOD, prior=model)(photo)
    ratio = np.median(after.depth / before.depth)
    assert 0.4 < ratio < 0.75
    assert error(after.depth, truth / 2) < error(before.depth, truth / 2)
    named = {neighbour.id.partition("/")[0] for neighbour in after.neighbours}
    assert named & {"near", "other:other"}
    more = write_scenes(folder / "more", 4, first=460)
    add_pairs(path, open_source(more))
    changed = DepthEstimator(path, METHOD, prior=model)(photo)
    assert changed.method["prior"]["learned_from"] == 12  # type: ignore[index]
    assert not np.array_equal(changed.depth, after.depth)


def test_what_the_prior_says_of_the_pool_is_kept(pool: Pool, model: Path) -> None:
    DepthEstimator(pool, METHOD, prior=model)
    paths = list((pool.path / "fits").glob("prior-*.safetensors"))
    before = [path.stat().st_mtime_ns for path in paths]
    first = DepthEstimator(pool, METHOD, prior=model)(scene(100)[0])
    assert [path.stat().st_mtime_ns for path in paths] == before
    for path in paths:  # other tests ask other models
        path.write_bytes(path.read_bytes()[:-50])
    with pytest.warns(UserWarning, match="asking the prior anew"):
        again = DepthEstimator(pool, METHOD, prior=model)(scene(100)[0])
    np.testing.assert_array_equal(first.depth, again.depth)


def test_left_out_pairs_teach_nothing(pool: Pool, model: Path, folder: Path) -> None:
    whole = DepthEstimator(pool, METHOD, prior=model)
    own = pool.ids[3]
    (_, alone), *_ = whole.leave_one_out(ids=[own])
    assert own not in {neighbour.id for neighbour in alone.neighbours}
    without = whole(pool.photo(own), exclude=[own])
    assert error(alone.depth, without.depth) < 0.05
    with pytest.raises(PoolError, match="every pair of the pool is excluded"):
        whole(pool.photo(own), exclude=pool.ids)


def test_nobody_is_judged_on_what_the_model_has_seen(pool: Pool, model: Path, folder: Path) -> None:
    options = ("--method", METHOD, "--prior", model, "--no-baselines")
    done = neardepth(
        *("evaluate", folder / "other", "--pool", folder / "other.pool"), *options, status=1
    )
    assert "was fitted on other/20" in done.stderr
    assert "--prior none" in done.stderr
    done = neardepth("evaluate", folder / "other", "--pool", "none", *options, status=1)
    assert "was fitted on other/20" in done.stderr
    neardepth("evaluate", folder / "site", "--pool", "none", *options)


def test_nor_on_copies_of_it(shared_dir: Path, tmp_path: Path) -> None:
    seen = shared_dir / "data" / "nyuv2-train"
    if not seen.is_dir():
        pytest.skip(f"{seen} is not there")
    for name in ("rgb", "depth"):
        (tmp_path / "copies" / name).mkdir(parents=True)
    with Image.open(seen / "rgb" / "0045.jpg") as picture:
        picture.resize((400, 300)).save(tmp_path / "copies" / "rgb" / "a.jpg", quality=70)
    shutil.copy(seen / "depth" / "0045.png", tmp_path / "copies" / "depth" / "a.png")
    done = neardepth("evaluate", tmp_path / "copies", "--pool", "none", status=1)
    assert "was fitted on a copy of copies/a (indoor:nyuv2-train/0045)" in done.stderr


def test_damage_outside_any_pool_is_named_and_the_rest_judged(
    model: Path, folder: Path, tmp_path: Path
) -> None:
    source = write_scenes(tmp_path / "some", 3, first=700)
    (source / "rgb" / "701.jpg").write_bytes(b"nothing")
    done = neardepth(
        *("evaluate", source, "--pool", "none", "--method", METHOD, "--prior", model),
        *("--json", tmp_path / "run.json"),
        status=1,
    )
    assert "some/701" in done.stderr
    (row,) = json.loads((tmp_path / "run.json").read_text())["results"]
    assert row["settings"]["prior"].startswith("other ")
    assert len(row["images"]) == 2


def test_a_small_pool_does_not_make_strange_photos_familiar(shared_dir: Path, folder: Path) -> None:
    rooms = open_source(EXAMPLES)
    path = folder / "rooms.pool"
    build_pool(replace(rooms, pairs=rooms.pairs[:12]), path, load_encoder(ENCODER), None)
    estimator = DepthEstimator(path, METHOD, prior="indoor-fast")
    strange = [np.zeros((240, 320, 3), np.uint8), np.full((240, 320, 3), 128, np.uint8)]
    streets = sorted((shared_dir / "data" / "kitti-drive0005" / "rgb").glob("*"))[::40]
    assert all(estimator(photo).low_confidence for photo in (*strange, *streets))


def test_a_known_lens_counts_where_the_pools_is_not_known(pool: Pool) -> None:
    photo = scene(100)[0]
    alone = DepthEstimator(method=METHOD)(photo)
    longer = DepthEstimator(method=METHOD, focal_px=2 * 0.93614 * (96 * 128) ** 0.5)(photo)
    np.testing.assert_allclose(longer.depth, 2 * alone.depth, rtol=1e-3)


def test_cameras_of_the_pool_scale_the_prior(tmp_path: Path) -> None:
    """The same pairs, once said to be seen through a lens twice as long as the model's."""
    depths = []
    for name, focal in (("usual", 0.93614), ("long", 2 * 0.93614)):
        source = write_scenes(tmp_path / name, 1)
        pixels = focal * (96 * 128) ** 0.5
        (source / "pairs.csv").write_text(f"name,fx,fy,cx,cy\n000,{pixels},{pixels},63.5,47.5\n")
        build_pool(open_source(source), tmp_path / f"{name}.pool", load_encoder(ENCODER), None)
        estimator = DepthEstimator(tmp_path / f"{name}.pool", METHOD, prior="indoor-fast")
        depths.append(estimator(scene(100)[0]).depth)
    np.testing.assert_allclose(depths[1], 2 * depths[0], rtol=1e-3)


def test_what_does_not_go_together(pool: Pool, model: Path) -> None:
    with pytest.raises(MethodError, match="needs a pool"):
        DepthEstimator(method="knn")
    with pytest.raises(MethodError, match="takes no prior"):
        DepthEstimator(pool, "knn", prior=model)
    with pytest.raises(MethodError, match="a pool is needed"):
        DepthEstimator(prior="none")
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        DepthEstimator(prior="nowhere")
    with pytest.raises(EncoderError, match=r"model other was fitted with efficientnet-lite0, not"):
        DepthEstimator(prior=model)


def test_a_small_pool_exports_nothing(tmp_path: Path) -> None:
    write_scenes(tmp_path / "few", 3)
    neardepth("pool", "build", tmp_path / "few", "-o", tmp_path / "p", "--method", METHOD)
    done = neardepth(
        *("pool", "export-model", tmp_path / "p", "-o", tmp_path / "m", "--method", METHOD),
        status=1,
    )
    assert "a model needs 5 at least" in done.stderr
    assert not (tmp_path / "m").exists()
