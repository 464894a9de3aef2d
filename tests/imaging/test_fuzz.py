"""2,500 damaged photos and depth maps: a picture or a named error, soon, in bounded memory."""

from __future__ import annotations

import contextlib
import io
import resource
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import damaged
from numpy.typing import NDArray
from PIL import Image

from neardepth.errors import DepthMapError, PhotoError
from neardepth.imaging.depthmaps import decode_depth, encode_depth, read_depth, write_depth_exr
from neardepth.imaging.photos import decode_photo

CASES = 100  # of each kind of file; 72,000 in all found nothing more
SECONDS = 5.0  # a case; the slowest takes half a second, for a header that claims 200 megapixels
MEGABYTES = 1500  # 200 million pixels of 4 bytes, twice for a moment


def photo() -> Image.Image:
    y, x = np.mgrid[:48, :64]
    rng = np.random.default_rng(0)
    waves = 127 + 60 * np.sin(x / 7)[..., None] * np.cos(y / (3, 5, 9)[0])[..., None]
    return Image.fromarray((waves + rng.integers(0, 60, (48, 64, 3))).clip(0, 255).astype(np.uint8))


def depth() -> NDArray[np.float32]:
    values = np.linspace(0.5, 9, 48 * 64, dtype=np.float32).reshape(48, 64).copy()
    values[10:20, 5:30] = np.nan
    return values


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[274] = 6
    tags.get_ifd(34665)[41989] = 28
    return tags


PHOTOS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(photo(), "JPEG", exif=exif()),
    "jpeg-progressive": lambda: encoded(photo(), "JPEG", progressive=True),
    "jpeg-cmyk": lambda: encoded(photo().convert("CMYK"), "JPEG"),
    "png": lambda: encoded(photo(), "PNG", exif=exif()),
    "png-palette": lambda: encoded(photo().quantize(16), "PNG", transparency=b"\0\x80"),
    "png-animated": lambda: encoded(photo(), "PNG", save_all=True, append_images=[photo()]),
    "webp": lambda: encoded(photo(), "WEBP", exif=exif()),
    "webp-lossless": lambda: encoded(photo().convert("RGBA"), "WEBP", lossless=True),
    "webp-animated": lambda: encoded(photo(), "WEBP", save_all=True, append_images=[photo()]),
    "tiff": lambda: encoded(photo(), "TIFF", exif=exif()),
    "tiff-lzw": lambda: encoded(photo(), "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": lambda: encoded(photo(), "TIFF", compression="jpeg"),
    "tiff-fax": lambda: encoded(photo().convert("1"), "TIFF", compression="group4"),
    "bmp": lambda: encoded(photo(), "BMP"),
    "bmp-palette": lambda: encoded(photo().quantize(16), "BMP"),
    "gif": lambda: encoded(photo(), "GIF", save_all=True, append_images=[photo()]),
    "ppm": lambda: encoded(photo(), "PPM"),
    "avif": lambda: encoded(photo(), "AVIF"),
}


def npy(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, depth=array)
    return buffer.getvalue()


def counts() -> Image.Image:
    return Image.fromarray(np.nan_to_num(depth() * 1000).astype(np.uint16))


DEPTHS: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(counts(), "PNG"),
    "tiff": lambda: encode_depth(depth()).data,
    "tiff-raw": lambda: encoded(Image.fromarray(depth()), "TIFF"),
    "npy": lambda: npy(depth()),
    "npz": lambda: npz(depth()),
}


class TooSlowError(AssertionError):
    """A case took longer than its limit."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Fail when the block takes too long or lets the process grow too much."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"no answer after {SECONDS} s")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES, f"memory grew by {grown:.0f} MB"


def check_photos(data: bytes, other: bytes, count: int, seed: int) -> None:
    for case in damaged(data, other, count, seed):
        with bounded(), contextlib.suppress(PhotoError), warnings.catch_warnings():
            warnings.simplefilter("error")
            image = decode_photo(case, "damaged").image
            assert image.ndim == 3
            assert image.shape[2] == 3
            assert image.dtype == np.uint8


def check_depth(depth_map: NDArray[np.float32]) -> None:
    assert depth_map.ndim == 2
    assert depth_map.dtype == np.float32
    known = depth_map[~np.isnan(depth_map)]
    assert ((known > 0) & (known < np.inf)).all()


def check_depths(path: Path, data: bytes, other: bytes, count: int, seed: int) -> None:
    for case in damaged(data, other, count, seed):
        path.write_bytes(case)
        with bounded(), warnings.catch_warnings():
            warnings.simplefilter("error")
            with contextlib.suppress(DepthMapError):
                check_depth(read_depth(path))
            with contextlib.suppress(DepthMapError):
                check_depth(decode_depth(case, 0.001, "damaged"))


@pytest.mark.parametrize("kind", PHOTOS)
def test_damaged_photos(kind: str) -> None:
    kinds = list(PHOTOS)
    place = kinds.index(kind)
    check_photos(PHOTOS[kind](), PHOTOS[kinds[place - 1]](), CASES, seed=place)


@pytest.mark.parametrize("kind", DEPTHS)
def test_damaged_depth_maps(kind: str, tmp_path: Path) -> None:
    kinds = list(DEPTHS)
    place = kinds.index(kind)
    other = DEPTHS[kinds[place - 1]]()
    check_depths(tmp_path / "damaged", DEPTHS[kind](), other, CASES, seed=100 + place)


def test_damaged_exr(tmp_path: Path) -> None:
    pytest.importorskip("OpenEXR")
    write_depth_exr(tmp_path / "seed.exr", depth())
    data = (tmp_path / "seed.exr").read_bytes()
    check_depths(tmp_path / "damaged.exr", data, npy(depth()), CASES, seed=200)


def test_damaged_real_files(data_dir: Path, tmp_path: Path) -> None:
    photos = sorted((data_dir / "nyuv2-train" / "rgb").glob("*.jpg"))[:3]
    for seed, path in enumerate(photos):
        check_photos(path.read_bytes(), photos[seed - 1].read_bytes(), 24, seed=300 + seed)
    maps = sorted((data_dir / "nyuv2-train" / "depth").glob("*.png"))[:2]
    maps += sorted((data_dir / "kitti-drive0005" / "depth").glob("*.png"))[:1]
    for seed, path in enumerate(maps):
        other = maps[seed - 1].read_bytes()
        check_depths(tmp_path / "damaged", path.read_bytes(), other, 24, seed=400 + seed)
