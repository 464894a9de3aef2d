"""Depth maps survive every format, say their unit, and damage is an error."""

from __future__ import annotations

import io
import os
import subprocess
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile

from neardepth.errors import DepthMapError
from neardepth.imaging.depthmaps import (
    MAX_DEPTH,
    EncodedDepth,
    decode_depth,
    encode_depth,
    load_depth,
    read_depth,
    write_depth_exr,
    write_depth_png,
    write_npz,
)


def room(height: int = 60, width: int = 80, far: float = 8.0) -> NDArray[np.float32]:
    """Depth with structure and holes."""
    rng = np.random.default_rng(3)
    depth = np.linspace(0.5, far, height * width).reshape(height, width)
    depth += rng.normal(0, 0.01, depth.shape)
    depth[10:20, 30:50] = np.nan
    depth[rng.random(depth.shape) < 0.1] = np.nan
    return depth.astype(np.float32)


def png(counts: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(counts).save(buffer, "PNG")
    return buffer.getvalue()


def test_png_counts_become_metres() -> None:
    counts = np.array([[0, 1, 1000], [65535, 256, 2]], np.uint16)
    metres = decode_depth(png(counts), 1 / 256, "x")
    assert metres.dtype == np.float32
    assert np.isnan(metres[0, 0])
    assert np.array_equal(metres.ravel()[1:], (counts.ravel()[1:] / 256).astype(np.float32))


def test_png_bytes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    path.write_bytes(png(np.full((4, 5), 1500, np.uint16)))
    encoded = load_depth(path)
    assert encoded == EncodedDepth(path.read_bytes(), 0.001)
    assert load_depth(path, depth_scale=256).unit == 1 / 256
    assert read_depth(path)[0, 0] == pytest.approx(1.5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_tiff_is_lossless(seed: int, height: int, width: int) -> None:
    bits = np.random.default_rng(seed).integers(1, 0x447A0001, (height, width), np.uint32)
    depth = bits.view(np.float32).copy()  # any in (0, 1000], subnormal ones too
    depth[::3, ::2] = np.nan
    encoded = encode_depth(depth)
    assert encoded.unit == 1.0
    decoded = decode_depth(encoded.data, encoded.unit, "x")
    assert np.array_equal(decoded.view(np.uint32), depth.view(np.uint32))


def test_tiff_is_compressed() -> None:
    assert len(encode_depth(np.full((480, 640), 2.5, np.float32)).data) < 480 * 640 * 4 / 50


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_floats(tmp_path: Path, dtype: str, order: str) -> None:
    depth = np.asarray(room(), dtype=dtype, order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "depth.npy", depth)
    expected = depth.astype(np.float32)
    for result in (
        read_depth(tmp_path / "depth.npy"),
        decode_depth(load_depth(tmp_path / "depth.npy").data, 1.0, "x"),
    ):
        assert np.array_equal(result, expected, equal_nan=True)


def test_not_positive_or_finite_is_unknown(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.array([[1.0, 0.0, -1.0, np.inf, -np.inf, np.nan, 1e300]]))
    known = np.isfinite(read_depth(tmp_path / "d.npy"))
    assert known.tolist() == [[True, False, False, False, False, False, False]]


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-5, MAX_DEPTH), st.integers(0, 2**32 - 1))
def test_written_png_reads_back(tmp_path_factory: pytest.TempPathFactory, far: float, seed: int):
    rng = np.random.default_rng(seed)
    depth = (far * rng.uniform(1e-6, 1, (7, 9))).astype(np.float32)
    depth[0, 0] = far
    depth[3:5, 2:6] = np.nan
    path = tmp_path_factory.mktemp("png") / "depth.png"
    unit = write_depth_png(path, depth)
    assert unit == 0.001 or depth[0, 0] > 65535 * unit / 10  # none smaller would fit
    back = read_depth(path, depth_scale=77)  # the file's own unit wins
    assert np.array_equal(np.isnan(back), np.isnan(depth))  # known never becomes unknown
    error = np.abs(back - depth)[np.isfinite(depth)]
    # float32 itself rounds by up to 65535 / 2**24 = 0.4 % of a count
    assert (error <= np.maximum(unit / 2, unit - depth[np.isfinite(depth)]) + unit / 100).all()


def test_png_says_its_unit(tmp_path: Path) -> None:
    path = tmp_path / "make3d.png"
    assert write_depth_png(path, np.full((4, 4), 81.0, np.float32)) == 0.01
    with Image.open(path) as image:
        assert image.info["DepthUnit"] == "0.01"
        assert image.info["Description"] == "depth in metres = value x DepthUnit; 0 = unknown"
        assert np.asarray(image)[0, 0] == 8100
    assert load_depth(path).unit == 0.01


def test_npz_and_exr_read_back(tmp_path: Path) -> None:
    depth = room()
    write_npz(tmp_path / "d.npz", depth=depth, other=np.arange(3))
    assert np.array_equal(read_depth(tmp_path / "d.npz"), depth, equal_nan=True)
    pytest.importorskip("OpenEXR")
    write_depth_exr(tmp_path / "d.exr", depth)
    assert np.array_equal(read_depth(tmp_path / "d.exr"), depth, equal_nan=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.exr", "d.npz"]


def test_exr_with_one_half_channel(tmp_path: Path) -> None:
    openexr = pytest.importorskip("OpenEXR")
    depth = np.full((20, 30), 2.5, np.float16)
    openexr.File({"type": openexr.scanlineimage}, {"Y": depth}).write(str(tmp_path / "d.exr"))
    assert (read_depth(tmp_path / "d.exr") == 2.5).all()
    colours = dict.fromkeys("RGB", depth)
    openexr.File({"type": openexr.scanlineimage}, colours).write(str(tmp_path / "rgb.exr"))
    with pytest.raises(DepthMapError, match="no channel named Z"):
        read_depth(tmp_path / "rgb.exr")


def test_missing_openexr_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "OpenEXR", None)
    with pytest.raises(DepthMapError, match=r"pip install 'neardepth\[exr\]'"):
        write_depth_exr(tmp_path / "d.exr", room())
    assert list(tmp_path.iterdir()) == []


def with_dimensions(data: bytes, width: int, height: int) -> bytes:
    changed = bytearray(data)
    changed[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    changed[29:33] = zlib.crc32(changed[12:29]).to_bytes(4, "big")
    return bytes(changed)


def npy_header(shape: str, descr: str = "<f4") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.png", png(np.ones((4, 4), np.uint8)), "8-bit grey PNG"),
        ("a.png", png(np.ones((4, 4, 3), np.uint8)), "colour or palette PNG"),
        ("a.png", png(np.zeros((4, 4), np.uint16)), "no known depth"),
        ("a.png", with_dimensions(png(np.ones((4, 4), np.uint16)), 50_000, 50_000), "200 million"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "is a JPEG picture"),
        ("a.png", b"", "is empty"),
        ("a.png", b"words", "not a depth map in a known format"),
        ("a.npy", npy_header("(1000000, 1000000)"), "too many"),
        ("a.npy", npy_header("(10, 10)") + bytes(80), "damaged or incomplete"),
        ("a.npy", npy_header("(10,)"), "holds float32 of shape"),
        ("a.npy", npy_header("(2, 2)", "<i4") + bytes(16), "holds int32"),
        ("a.npy", npy_header("(2, 2)", "|O") + bytes(64), "holds object"),
        ("a.npy", npy_header("(0, 4)"), "holds float32"),
        ("a.npy", npy_header("(-2, -2)"), "holds float32"),
        ("a.npy", b"\x93NUMPY\x01\x00\x10\x00__import__('os')", "damaged"),
        ("a.npz", b"PK\x03\x04 and no more", "damaged"),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for reader in (read_depth, load_depth):
        with pytest.raises(DepthMapError, match=words) as caught:
            reader(path)
        assert str(path) in str(caught.value)


def test_unusable_arrays_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", image=room())
    with pytest.raises(DepthMapError, match="no array named 'depth'"):
        read_depth(tmp_path / "other.npz")
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "grey.tif")
    with pytest.raises(DepthMapError, match="without floating-point pixels"):
        read_depth(tmp_path / "grey.tif")
    np.save(tmp_path / "nan.npy", np.full((4, 4), np.nan))
    with pytest.raises(DepthMapError, match="no known depth"):
        read_depth(tmp_path / "nan.npy")
    with pytest.raises(DepthMapError, match="does not exist"):
        read_depth(tmp_path / "gone.png")
    for wrong in (np.ones((4, 4), int), room()[0], room()[:0]):
        with pytest.raises(DepthMapError, match="must be H×W floats"):
            write_depth_png(tmp_path / "x.png", wrong)
        with pytest.raises(DepthMapError, match="must be H×W floats"):
            encode_depth(wrong)


@pytest.mark.parametrize("unit", [0.0, -1.0, np.nan, np.inf])
def test_impossible_units_are_refused(tmp_path: Path, unit: float) -> None:
    data = png(np.ones((4, 4), np.uint16))
    with pytest.raises(DepthMapError, match="unit"):
        decode_depth(data, unit, "x")
    (tmp_path / "d.png").write_bytes(data)
    with pytest.raises(DepthMapError, match="depth scale"):
        read_depth(tmp_path / "d.png", depth_scale=unit)


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99, 0.999])
def test_cut_files_are_errors_and_print_nothing(
    share: float, lenient: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    counts = np.random.default_rng(0).integers(1, 65535, (96, 128), np.uint16)
    data = png(counts)
    with pytest.raises(DepthMapError, match=r"room.png is damaged or incomplete"):
        decode_depth(data[: int(len(data) * share)], 0.001, "room.png")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99, 0.999])
def test_cut_tiffs_are_errors(share: float) -> None:
    tiff = encode_depth(room(96, 128)).data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DepthMapError, match=r"room.tif is damaged or incomplete"):
            decode_depth(tiff[: int(len(tiff) * share)], 1.0, "room.tif")


def test_every_flipped_bit_of_a_png_is_noticed() -> None:
    data = png(np.random.default_rng(0).integers(1, 65535, (16, 16), np.uint16))
    rng = np.random.default_rng(1)
    for place in rng.integers(8, len(data), 200):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(DepthMapError):
            decode_depth(bytes(changed), 0.001, "x")


def test_older_file_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.png"
    path.write_bytes(b"older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DepthMapError, match=r"d.png cannot be written: No space left on device"):
        write_depth_png(path, room())
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_an_error_that_leaves_nothing(full_disk: Path) -> None:
    noise = np.random.default_rng(0).uniform(1, 60, (300, 400)).astype(np.float32)
    with pytest.raises(DepthMapError, match=r"d.png cannot be written: No space left on device"):
        write_depth_png(full_disk / "d.png", noise)
    with pytest.raises(DepthMapError, match=r"d.npz cannot be written: No space left"):
        write_npz(full_disk / "d.npz", depth=noise)
    pytest.importorskip("OpenEXR")
    with pytest.raises(DepthMapError, match=r"d.exr cannot be written"):
        write_depth_exr(full_disk / "d.exr", noise)
    assert list(full_disk.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DepthMapError, match="it is a folder"):
        write_depth_png(tmp_path, room())
    with pytest.raises(DepthMapError, match="it is not a regular file"):
        write_depth_png("/dev/null", room())
    with pytest.raises(DepthMapError, match="No such file or directory"):
        write_depth_png(tmp_path / "none" / "d.png", room())
    with pytest.raises(DepthMapError, match="cannot be written"):
        write_depth_png("/proc/d.png", room())


def test_read_only_folder(
    open_dir: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    open_dir.chmod(0o555)
    with unprivileged(), pytest.raises(DepthMapError, match=r"d.png cannot be written: Permission"):
        write_depth_png(open_dir / "d.png", room())
    pytest.importorskip("OpenEXR")
    with unprivileged(), pytest.raises(DepthMapError, match=r"d.exr cannot be written"):
        write_depth_exr(open_dir / "d.exr", room())


def test_links_are_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "target.png", tmp_path / "link.png"
    link.symlink_to(target)
    write_depth_png(link, room())
    assert link.is_symlink()
    assert np.isfinite(read_depth(target)).any()


def test_real_maps(data_dir: Path) -> None:
    kitti = next(iter(sorted((data_dir / "kitti-drive0005" / "depth").glob("*.png"))))
    depth = read_depth(kitti, depth_scale=256)
    assert 0.02 < np.isfinite(depth).mean() < 0.06
    assert 20 < np.nanmax(depth) < 90
    nyu = next(iter(sorted((data_dir / "nyuv2-train" / "depth").glob("*.png"))))
    depth = read_depth(nyu)
    assert depth.shape == (480, 640)
    assert np.isfinite(depth).all()
    assert 0.5 < depth.min() < depth.max() < 10


def test_absurd_depth_is_unknown(tmp_path: Path) -> None:
    depth = np.full((4, 5), 2.0, np.float32)
    depth[0], depth[1] = 1e30, MAX_DEPTH
    np.save(tmp_path / "d.npy", depth)
    tiff = io.BytesIO()
    Image.fromarray(depth).save(tiff, "TIFF")
    for back in (read_depth(tmp_path / "d.npy"), decode_depth(tiff.getvalue(), 1.0, "x")):
        assert np.isnan(back[0]).all()
        assert np.array_equal(back[1:], depth[1:])
    counts = np.array([[999, 1000, 1001, 65535]], np.uint16)
    assert np.isnan(decode_depth(png(counts), 1.0, "x")).tolist() == [[False, False, True, True]]


def test_large_maps_are_written_in_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, strips = tmp_path / "whole.png", tmp_path / "strips.png"
    depth = room(far=80.0)
    depth[:30] = np.nan  # strips without any known depth
    write_depth_png(whole, depth)
    monkeypatch.setattr("neardepth.imaging.depthmaps._STRIP_PIXELS", 600)
    assert write_depth_png(strips, depth) == 0.01
    assert strips.read_bytes() == whole.read_bytes()
