from __future__ import annotations

import cv2
import numpy as np
import pytest
import scipy.io

from neardepth.datasets.make3d import check_complete, is_make3d, make3d_pairs, read_range
from neardepth.errors import NearDepthError, PoolError
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.photos import decode_photo


def write_scan(path, ranges=None, **options):
    """A scan as the archives hold it: 55 by 305 by 4 (Y, X, Z, range) doubles, MATLAB 5."""
    if ranges is None:
        ranges = np.linspace(80, 3, 55)[:, None] * np.ones(305)
    grid = np.zeros((55, 305, 4))
    grid[..., 2] = grid[..., 3] = ranges
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"Position3DGrid": grid}, **options)


def write_photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    photo = np.zeros((90, 68, 3), np.uint8)
    photo[:30] = (255, 128, 0)  # sky at the top
    assert cv2.imwrite(str(path), photo)


def write_set(root, stems, photos="Train400Img", ranges="Train400Depth"):
    for stem in stems:
        write_photo(root / photos / f"img-{stem}.jpg")
        write_scan(root / ranges / f"depth_sph_corr-{stem}.mat")


def ids(source):
    return [pair.id for pair in source.pairs]


def test_pairs_carry_split_scene_and_range_along_the_ray(tmp_path):
    write_set(tmp_path, ["op10-p-313t000", "060705-17.10.14-p-254t000"])
    source = make3d_pairs(tmp_path)
    assert source.name == "make3d"
    assert source.problems == ()
    assert ids(source) == ["make3d/060705-17.10.14-p-254t000", "make3d/op10-p-313t000"]
    pair = source.pairs[1].load()
    assert (pair.id, pair.source) == ("make3d/op10-p-313t000", "make3d")
    assert (pair.split, pair.scene, pair.depth_kind) == ("train", "op10", "ray")
    assert pair.intrinsics is None
    assert source.pairs[1].image_bytes == len(pair.image)
    assert source.pairs[0].load().scene == "060705-17.10.14"
    depth = decode_depth(pair.depth.data, pair.depth.unit, "scan")
    assert depth.shape == (55, 305)
    assert depth[0].max() == 80  # far at the top, near at the bottom: not flipped
    assert depth[-1].min() == 3


@pytest.mark.parametrize("photos", ["Test134", "Test134Img"])
@pytest.mark.parametrize("ranges", ["Test134Depth", "Gridlaserdata", "Test134Depth/Gridlaserdata"])
def test_layouts_of_the_test_set(tmp_path, photos, ranges):
    write_set(tmp_path, ["op2-p-1t0"], photos, ranges)
    (pair,) = make3d_pairs(tmp_path).pairs
    assert pair.load().split == "test"


def test_a_set_is_known_by_its_folders(tmp_path):
    (tmp_path / "rgb").mkdir()
    assert not is_make3d(tmp_path)
    (tmp_path / "Test134").mkdir()
    assert is_make3d(tmp_path)


def test_both_splits_of_one_folder(tmp_path):
    write_set(tmp_path, ["a-p-1", "b-p-1"])
    write_set(tmp_path, ["c-p-1"], "Test134", "Gridlaserdata")
    splits = [pair.load().split for pair in make3d_pairs(tmp_path).pairs]
    assert splits == ["train", "train", "test"]


def test_partners_whose_names_differ_by_a_date(tmp_path):
    write_set(tmp_path, ["op2-p-046t000", "10.21op2-p-139t000"])
    write_photo(tmp_path / "Train400Img/img-op3-p-015t000.jpg")
    write_scan(tmp_path / "Train400Depth/depth_sph_corr-10.21op3-p-015t000.mat")
    source = make3d_pairs(tmp_path)
    assert len(source.pairs) == 3
    assert source.problems == ()


def test_an_exact_partner_is_preferred_and_an_ambiguous_one_not_guessed(tmp_path):
    write_set(tmp_path, ["op2-p-1"])
    write_photo(tmp_path / "Train400Img/img-10.21op2-p-1.jpg")
    write_photo(tmp_path / "Train400Img/img-11.30op2-p-1.jpg")
    write_scan(tmp_path / "Train400Depth/depth_sph_corr-12.01op2-p-1.mat")
    source = make3d_pairs(tmp_path)
    assert ids(source) == ["make3d/op2-p-1"]
    assert len(source.problems) == 3


def test_files_without_a_partner_are_named(tmp_path):
    write_set(tmp_path, ["a-p-1"])
    write_photo(tmp_path / "Train400Img/img-b-p-2.jpg")
    write_scan(tmp_path / "Train400Depth/depth_sph_corr-c-p-3.mat")
    problems = dict(make3d_pairs(tmp_path).problems)
    photo, scan = sorted(problems, key=lambda path: path.endswith(".mat"))
    assert problems[photo].endswith("img-b-p-2.jpg has no depth of the same name")
    assert problems[scan].endswith("depth_sph_corr-c-p-3.mat has no photo of the same name")


def test_no_pairs(tmp_path):
    with pytest.raises(PoolError, match="no Make3D pairs; it must hold Train400Img"):
        make3d_pairs(tmp_path)


def test_unknown_range_is_nan(tmp_path):
    ranges = np.full((55, 305), 5.0)
    ranges[0, :4] = [0, -1, np.nan, np.inf]
    write_scan(tmp_path / "scan.mat", ranges)
    depth = read_range(tmp_path / "scan.mat")
    assert np.isnan(depth[0, :4]).all()
    assert np.isfinite(depth).sum() == depth.size - 4


def test_bytes_after_compressed_data_are_harmless(tmp_path):
    """As in some members of the published archives."""
    path = tmp_path / "scan.mat"
    write_scan(path, do_compression=True)
    data = bytearray(path.read_bytes())
    length = int.from_bytes(data[132:136], "little")
    data[132:136] = (length + 8).to_bytes(4, "little")
    path.write_bytes(bytes(data) + bytes(8))
    assert read_range(path).shape == (55, 305)


def damage(data, kind):
    if kind == "flipped":
        middle = len(data) // 2
        return (
            data[:middle]
            + bytes(b ^ 0xFF for b in data[middle : middle + 64])
            + data[middle + 64 :]
        )
    return {"cut": data[: len(data) // 2], "empty": b"", "text": b"<html>404</html>"}[kind]


@pytest.mark.parametrize("kind", ["flipped", "cut", "empty", "text"])
def test_damaged_scan_is_named(tmp_path, kind):
    path = tmp_path / "Train400Depth/depth_sph_corr-a-p-1.mat"
    write_set(tmp_path, ["a-p-1"])
    write_scan(path, np.random.default_rng(0).uniform(3, 80, (55, 305)), do_compression=True)
    path.write_bytes(damage(path.read_bytes(), kind))
    (pair,) = make3d_pairs(tmp_path).pairs
    with pytest.raises(PoolError, match=r"depth_sph_corr-a-p-1\.mat"):
        pair.load()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"other": np.ones(3)}, "lacks the field Position3DGrid"),
        ({"Position3DGrid": np.ones((305, 55, 4))}, r"must be \(55, 305, 4\) floats, not \(305"),
        ({"Position3DGrid": np.ones((55, 305, 4), np.uint8)}, "floats, not .* uint8"),
        ({"Position3DGrid": np.zeros((55, 305, 4))}, "no range in metres"),
        ({"Position3DGrid": np.full((55, 305, 4), 5000.0)}, "no range in metres up to 100"),
    ],
)
def test_scan_with_other_content(tmp_path, content, message):
    path = tmp_path / "scan.mat"
    scipy.io.savemat(path, content)
    with pytest.raises(PoolError, match=message) as caught:
        read_range(path)
    assert "scan.mat" in str(caught.value)


def test_missing_photo_is_named(tmp_path):
    write_set(tmp_path, ["a-p-1"])
    (pair,) = make3d_pairs(tmp_path).pairs
    (tmp_path / "Train400Img/img-a-p-1.jpg").unlink()
    with pytest.raises(NearDepthError, match=r"img-a-p-1\.jpg"):
        pair.load()


def write_names(root, split, count, first=0):
    """Only the names of a set: finding pairs does not read them."""
    photos, ranges = {
        "train": ("Train400Img", "Train400Depth"),
        "test": ("Test134", "Gridlaserdata"),
    }[split]
    for folder, name in ((photos, "img-{}.jpg"), (ranges, "depth_sph_corr-{}.mat")):
        (root / folder).mkdir()
        for number in range(first, first + count):
            (root / folder / name.format(f"op{number}-p-1")).touch()


def test_full_set_passes(tmp_path):
    write_names(tmp_path, "train", 400)
    write_names(tmp_path, "test", 134, first=400)
    check_complete(tmp_path)


@pytest.mark.parametrize(
    ("train", "test", "first", "message"),
    [
        (399, 134, 400, "399 train pairs instead of 400"),
        (400, 133, 400, "133 test pairs instead of 134"),
        (400, 134, 399, "op399-p-1 is a training and a test pair"),
    ],
)
def test_incomplete_set_fails_loudly(tmp_path, train, test, first, message):
    write_names(tmp_path, "train", train)
    write_names(tmp_path, "test", test, first)
    with pytest.raises(PoolError, match=message):
        check_complete(tmp_path)


def test_real_pairs(data_dir):
    source = make3d_pairs(data_dir / "make3d-sample")
    assert len(source.pairs) == 4
    assert source.problems == ()
    largest = []
    for reference in source.pairs:
        pair = reference.load()
        photo = decode_photo(pair.image, pair.id)
        assert photo.image.shape == (2272, 1704, 3)
        depth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
        assert depth.shape == (55, 305)
        assert 2 < depth.min() < 5
        # Right side up: the ground at the feet is nearer than what is above the horizon.
        assert depth[-10:].mean() < 0.6 * depth[:10].mean()
        largest.append(depth.max())
    assert max(largest) == pytest.approx(80.0, abs=0.005)
    with pytest.raises(PoolError, match="4 train pairs instead of 400"):
        check_complete(data_dir / "make3d-sample")
