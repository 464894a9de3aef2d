from __future__ import annotations

import sys
import tracemalloc

import cv2
import h5py
import numpy as np
import pytest
import scipy.io

from neardepth.datasets import nyuv2
from neardepth.datasets.nyuv2 import check_complete, nyuv2_pairs, read_splits
from neardepth.errors import PoolError
from neardepth.imaging.depthmaps import decode_depth

HEIGHT, WIDTH = 48, 64
SCENES = ["kitchen_0004", "kitchen_0004", "café_0001", "office_0012"]


def photo(number):
    """H×W×3 RGB that differs in every direction, channel and image."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([rows * 5, columns * 3, np.full_like(rows, 40 + number)], -1).astype(np.uint8)


def filled(number):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (1 + rows / 10 + columns / 100 + number).astype(np.float32)


def raw(number):
    depth = filled(number)
    depth[:5, :7] = 0
    return depth


def write_labelled(path, count=4, without=(), **chunks):
    """The layout of the published file: HDF5, axes reversed, text as references to uint16."""
    with h5py.File(path, "w", userblock_size=512) as file:
        fields = {"images": photo, "depths": filled, "rawDepths": raw}
        for name in fields.keys() - set(without):
            matlab = np.stack([fields[name](n) for n in range(1, count + 1)], -1)  # H×W(×3)×N
            file.create_dataset(name, data=matlab.T, compression="gzip", **chunks)
        if "scenes" not in without:
            cells = file.create_dataset("scenes", (1, count), h5py.ref_dtype)
            for number in range(count):
                units = np.frombuffer(SCENES[number % 4].encode("utf-16-le"), np.uint16)
                cells[0, number] = file.create_dataset(f"#refs#/{number}", data=units[:, None]).ref


def write_splits(path, train, test, names=("trainNdxs", "testNdxs")):
    columns = (np.array(part, np.uint16)[:, None] for part in (train, test))
    scipy.io.savemat(path, dict(zip(names, columns, strict=True)))


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "nyu_depth_v2_labeled.mat"
    write_labelled(path)
    write_splits(tmp_path / "splits.mat", train=[2, 3], test=[1, 4])
    return path


def load(reference):
    pair = reference.load()
    bgr = cv2.imdecode(np.frombuffer(pair.image, np.uint8), cv2.IMREAD_COLOR)
    return pair, bgr[..., ::-1], decode_depth(pair.depth.data, pair.depth.unit, pair.id)


def test_photos_and_depth_are_upright_and_exact(labelled):
    for number, reference in enumerate(nyuv2_pairs(labelled).pairs, start=1):
        pair, image, depth = load(reference)
        assert pair.image.startswith(b"\x89PNG")
        np.testing.assert_array_equal(image, photo(number))
        np.testing.assert_array_equal(depth, filled(number))


def test_raw_depth_is_unknown_where_it_is_0(labelled):
    _, _, depth = load(nyuv2_pairs(labelled, raw=True).pairs[2])
    expected = raw(3)
    expected[expected == 0] = np.nan
    np.testing.assert_array_equal(depth, expected)
    assert np.isnan(depth[:5, :7]).all()


def test_provenance(labelled):
    source = nyuv2_pairs(labelled)
    assert source.name == "nyuv2"
    assert [r.id for r in source.pairs] == [f"nyuv2/000{n}" for n in (1, 2, 3, 4)]
    pairs = [reference.load() for reference in source.pairs]
    assert [pair.id for pair in pairs] == [reference.id for reference in source.pairs]
    assert [pair.split for pair in pairs] == ["test", "train", "train", "test"]
    assert [pair.scene for pair in pairs] == SCENES
    assert {pair.depth_kind for pair in pairs} == {"z"}
    assert pairs[0].intrinsics.fx == 518.8579
    assert pairs[0].intrinsics.cy == 253.7362


def test_an_image_in_neither_part_has_no_split(labelled):
    write_splits(labelled.with_name("splits.mat"), train=[2], test=[4])
    splits = [reference.load().split for reference in nyuv2_pairs(labelled).pairs]
    assert splits == [None, "train", None, "test"]


def test_memory_stays_flat(tmp_path):
    """One image at a time, also where a chunk of the file spans many."""
    path, count = tmp_path / "nyu.mat", 200
    write_labelled(path, count, chunks=None)
    write_splits(tmp_path / "splits.mat", [1], [2])
    source = nyuv2_pairs(path)
    tracemalloc.start()
    for reference in source.pairs:
        reference.load()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * HEIGHT * WIDTH * (3 + 4)  # of 200 images' worth


def test_read_from_many_threads(labelled):
    from concurrent.futures import ThreadPoolExecutor

    references = nyuv2_pairs(labelled).pairs * 8
    with ThreadPoolExecutor(4) as workers:
        loaded = list(workers.map(load, references))
    for number, (_, image, depth) in enumerate(loaded):
        np.testing.assert_array_equal(image, photo(number % 4 + 1))
        np.testing.assert_array_equal(depth, filled(number % 4 + 1))


@pytest.mark.parametrize("field", ["images", "depths", "scenes"])
def test_missing_field(tmp_path, field):
    path = tmp_path / "nyu.mat"
    write_labelled(path, without=[field])
    write_splits(tmp_path / "splits.mat", [1], [2])
    with pytest.raises(PoolError, match=rf"nyu\.mat lacks the field {field}: it is not nyu_depth"):
        nyuv2_pairs(path)


def test_missing_raw_depth_matters_only_when_asked_for(tmp_path):
    path = tmp_path / "nyu.mat"
    write_labelled(path, without=["rawDepths"])
    write_splits(tmp_path / "splits.mat", [1], [2])
    assert len(nyuv2_pairs(path).pairs) == 4
    with pytest.raises(PoolError, match="lacks the field rawDepths"):
        nyuv2_pairs(path, raw=True)


@pytest.mark.parametrize(
    ("field", "data", "message"),
    [
        ("images", np.zeros((4, 3, WIDTH, HEIGHT), np.float32), "images must be .* uint8, not"),
        ("images", np.zeros((4, WIDTH, HEIGHT, 3), np.uint8), "images must be"),
        ("images", np.zeros((4, 3, WIDTH), np.uint8), "images must have 4 dimensions"),
        ("depths", np.zeros((3, WIDTH, HEIGHT), np.float32), "depths must be"),
        ("depths", np.zeros((4, HEIGHT, WIDTH), np.float32), "depths must be"),
        ("depths", np.zeros((4, WIDTH, HEIGHT), np.uint16), "depths must be .* uint16"),
        ("scenes", np.zeros((1, 4)), "scenes is damaged"),
        ("scenes", np.zeros((1, 3)), "3 scenes for 4 images"),
    ],
)
def test_field_of_another_kind(labelled, field, data, message):
    with h5py.File(labelled, "a") as file:
        del file[field]
        file[field] = data
    with pytest.raises(PoolError, match=message) as caught:
        nyuv2_pairs(labelled)
    assert "nyu_depth_v2_labeled.mat" in str(caught.value)


def test_scene_reference_that_leads_nowhere(labelled):
    with h5py.File(labelled, "a") as file:
        file["scenes"][0, 1] = h5py.Reference()
    with pytest.raises(PoolError, match="scenes is damaged"):
        nyuv2_pairs(labelled)


def test_damaged_image_is_named_when_it_is_loaded(labelled):
    with h5py.File(labelled) as file:
        chunk = file["images"].id.get_chunk_info(0)
    data = bytearray(labelled.read_bytes())
    data[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    labelled.write_bytes(data)
    with pytest.raises(PoolError, match=r"nyu_depth_v2_labeled\.mat: image 1 is damaged"):
        nyuv2_pairs(labelled).pairs[0].load()


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", "half"])
def test_file_that_is_not_hdf5(labelled, content):
    whole = labelled.read_bytes()
    labelled.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(PoolError, match=r"labeled\.mat is no MATLAB 7\.3 .*only part of one"):
        nyuv2_pairs(labelled)


def test_missing_file(tmp_path):
    with pytest.raises(PoolError, match=r"nyu\.mat: there is no such file"):
        nyuv2_pairs(tmp_path / "nyu.mat")


@pytest.mark.parametrize("package", ["h5py", "scipy"])
def test_missing_package_names_the_extra(labelled, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.io", raising=False)
    with pytest.raises(PoolError, match=rf"needs {package} .*pip install 'neardepth\[mat\]'"):
        nyuv2_pairs(labelled)


def test_missing_split_says_where_to_get_it(labelled):
    labelled.with_name("splits.mat").unlink()
    with pytest.raises(PoolError, match=r"official split .*data fetch nyuv2.*https://horatio"):
        nyuv2_pairs(labelled)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([1, 2], [2, 3], "overlap"),
        ([0, 1], [2], "trainNdxs must hold indices from 1 to 4"),
        ([1], [5], "testNdxs must hold indices from 1 to 4"),
        ([1, 1], [2], "trainNdxs holds an index twice"),
    ],
)
def test_split_that_does_not_fit(labelled, train, test, message):
    write_splits(labelled.with_name("splits.mat"), train, test)
    with pytest.raises(PoolError, match=message) as caught:
        nyuv2_pairs(labelled)
    assert "splits.mat" in str(caught.value)


def test_split_without_a_field(labelled):
    write_splits(labelled.with_name("splits.mat"), [1], [2], names=("trainNdxs", "other"))
    with pytest.raises(PoolError, match="lacks the field testNdxs"):
        nyuv2_pairs(labelled)


def test_damaged_split(labelled):
    path = labelled.with_name("splits.mat")
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(PoolError, match=r"splits\.mat is no MATLAB 5 file, or a damaged one"):
        nyuv2_pairs(labelled)


def test_full_split_is_795_and_654(tmp_path):
    path = tmp_path / "splits.mat"
    write_splits(path, range(1, 801), range(801, 1450))
    with pytest.raises(PoolError, match="800 training and 649 test images instead of 795 and 654"):
        read_splits(path)


def test_incomplete_file_fails_the_check(labelled):
    with pytest.raises(PoolError, match="holds 4 images instead of the 1449"):
        check_complete(labelled)


def test_the_check_passes_on_a_file_of_the_promised_counts(labelled, monkeypatch):
    monkeypatch.setattr(nyuv2, "COUNT", 4)
    monkeypatch.setattr(nyuv2, "TRAIN_COUNT", 2)
    monkeypatch.setattr(nyuv2, "TEST_COUNT", 2)
    check_complete(labelled)


def test_the_official_split(data_dir):
    folder = data_dir / "nyuv2-train"
    train, test = read_splits(folder / "splits.mat")
    assert (train[:7], test[:5]) == ([3, 4, 5, 6, 7, 8, 10], [1, 2, 9, 14, 15])
    assert test[-1] == 1449
    assert sorted(train + test) == list(range(1, 1450))
    assert {f"{index:04d}" for index in train} == {p.stem for p in (folder / "rgb").iterdir()}
