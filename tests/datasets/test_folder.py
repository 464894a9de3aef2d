"""Folders of RGB-D pairs, good and bad."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from neardepth.datasets import folder_pairs, open_source, pair_of_files
from neardepth.datasets.folder import natural
from neardepth.errors import DepthMapError, PhotoError, PoolError
from neardepth.imaging.depthmaps import decode_depth


def write_photo(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (36, 48, 3), np.uint8)
    assert cv2.imwrite(str(path), pixels)


def write_counts(path: Path, counts: int = 2000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((36, 48), counts, np.uint16))


def test_pairs_are_matched_by_stem_across_formats_in_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    for name in ("10.jpg", "2.png", "1.webp", "3.tiff", "4.jpeg"):
        write_photo(folder / "rgb" / name)
    metres = np.linspace(1, 3, 36 * 48, dtype=np.float32).reshape(36, 48)
    write_counts(folder / "depth" / "10.png")
    np.save(folder / "depth" / "2.npy", metres)
    cv2.imwrite(str(folder / "depth" / "1.tif"), metres)
    np.savez(folder / "depth" / "3.npz", depth=metres)
    write_counts(folder / "depth" / "4.PNG")
    (folder / "rgb" / "notes.txt").write_text("not a photo")
    (folder / "rgb" / ".2.png.tmp.png").write_bytes(b"hidden")

    source = folder_pairs(folder)

    assert source.name == "site"
    assert [ref.id for ref in source.pairs] == ["site/1", "site/2", "site/3", "site/4", "site/10"]
    assert source.problems == ()
    assert source.options == {"depth_scale": 1000.0, "depth_kind": "z"}
    for ref in source.pairs:
        pair = ref.load()
        depth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
        assert depth.shape == (36, 48)
        assert np.isclose(depth.mean(), 2.0, atol=1e-3)
        assert ref.image_bytes == len(pair.image)
        assert pair.source == "site"


def test_bytes_are_kept_as_given_and_the_scale_sets_the_unit(tmp_path: Path) -> None:
    write_photo(tmp_path / "rgb" / "a.jpg")
    write_counts(tmp_path / "depth" / "a.png", 512)
    pair = folder_pairs(tmp_path, 256, "ray", name="drive").pairs[0].load()
    assert pair.id == "drive/a"
    assert pair.image == (tmp_path / "rgb" / "a.jpg").read_bytes()
    assert pair.depth.data == (tmp_path / "depth" / "a.png").read_bytes()
    assert pair.depth_kind == "ray"
    assert decode_depth(pair.depth.data, pair.depth.unit, "a").mean() == 2.0


def test_each_missing_partner_is_named(tmp_path: Path) -> None:
    for stem in ("a", "b", "c"):
        write_photo(tmp_path / "rgb" / f"{stem}.jpg")
    for stem in ("a", "d"):
        write_counts(tmp_path / "depth" / f"{stem}.png")
    source = folder_pairs(tmp_path)
    assert [ref.id.split("/")[1] for ref in source.pairs] == ["a"]
    assert [Path(file).name for file, _ in source.problems] == ["b.jpg", "c.jpg", "d.png"]
    assert "b.jpg has no depth map in depth/" in source.problems[0][1]
    assert "d.png has no photo in rgb/" in source.problems[2][1]


def test_a_stem_that_is_there_twice_is_named(tmp_path: Path) -> None:
    write_photo(tmp_path / "rgb" / "a.jpg")
    write_photo(tmp_path / "rgb" / "a.png")
    write_counts(tmp_path / "depth" / "a.png")
    source = folder_pairs(tmp_path)
    assert len(source.pairs) == 1
    assert [Path(file).name for file, _ in source.problems] == ["a.png"]
    assert "a.jpg, which is used" in source.problems[0][1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, r"nowhere does not exist; expected are rgb/"),
        (lambda root: root.mkdir(), r"rgb does not exist; expected are rgb/"),
        (lambda root: (root / "rgb").mkdir(parents=True), r"depth does not exist; expected"),
        (
            lambda root: [(root / part).mkdir(parents=True) for part in ("rgb", "depth")],
            r"nowhere has no pair: 0 photos .* 0 depth maps",
        ),
        (lambda root: write_photo(root / "rgb" / "a.jpg"), r"depth does not exist"),
        (
            lambda root: [root.mkdir(), (root / "rgb").write_text("a file")],
            r"rgb is not a folder; expected",
        ),
    ],
)
def test_what_is_no_source_says_what_was_expected(tmp_path: Path, make, message: str) -> None:
    root = tmp_path / "nowhere"
    make(root)
    with pytest.raises(PoolError, match=message):
        open_source(root)


def test_photos_without_any_partner_are_no_source(tmp_path: Path) -> None:
    write_photo(tmp_path / "rgb" / "a.jpg")
    write_counts(tmp_path / "depth" / "b.png")
    with pytest.raises(PoolError, match="1 photos in rgb/ and 1 depth maps in depth/ share no"):
        open_source(tmp_path)


def test_a_file_is_no_source(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg")
    with pytest.raises(PoolError, match=r"a\.jpg is a file"):
        open_source(tmp_path / "a.jpg")


def test_a_single_pair_of_files(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo.jpg")
    write_counts(tmp_path / "map.png")
    ref = pair_of_files(tmp_path / "photo.jpg", tmp_path / "map.png", "added")
    assert ref.id == ref.load().id == "added/photo"


def test_files_that_are_missing_or_bad_are_named_on_loading(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo.jpg")
    write_counts(tmp_path / "zero.png", 0)
    with pytest.raises(PhotoError, match=r"gone\.jpg"):
        pair_of_files(tmp_path / "gone.jpg", tmp_path / "zero.png", "s").load()
    with pytest.raises(DepthMapError, match=r"gone\.png"):
        pair_of_files(tmp_path / "photo.jpg", tmp_path / "gone.png", "s").load()
    with pytest.raises(DepthMapError, match=r"zero\.png has no known depth"):
        pair_of_files(tmp_path / "photo.jpg", tmp_path / "zero.png", "s").load()


def test_natural_order() -> None:
    names = ["a10", "a2", "a", "b1", "10", "9", "a02b"]
    assert sorted(names, key=natural) == ["9", "10", "a", "a2", "a02b", "a10", "b1"]


def test_real_folders(data_dir: Path) -> None:
    nyu = open_source(data_dir / "nyuv2-train")
    assert len(nyu.pairs) == 795
    assert nyu.pairs[0].id.startswith("nyuv2-train/")
    kitti = open_source(data_dir / "kitti-drive0005", depth_scale=256)
    assert len(kitti.pairs) == 154
    pair = kitti.pairs[0].load()
    depth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
    assert depth.shape == (375, 1242)
    assert 0.02 < np.isfinite(depth).mean() < 0.06
    assert 3 < np.nanmedian(depth) < 40


@pytest.mark.parametrize("scale", [0.0, -1000.0, float("nan"), float("inf")])
def test_a_depth_scale_that_is_none_is_refused_at_once(tmp_path: Path, scale: float) -> None:
    write_photo(tmp_path / "rgb" / "a.png")
    write_counts(tmp_path / "depth" / "a.png")
    with pytest.raises(PoolError, match=r"a depth scale of .* cannot be: it is a number"):
        folder_pairs(tmp_path, scale)
    with pytest.raises(PoolError, match="a depth scale of"):
        pair_of_files(tmp_path / "rgb" / "a.png", tmp_path / "depth" / "a.png", "s", scale)
