"""Every kind of photo becomes upright 8-bit RGB, or a named error."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from neardepth.errors import PhotoError
from neardepth.imaging.photos import MAX_PIXELS, Photo, as_photo, decode_photo, read_photo


def scene(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """A picture without symmetry: red falls to the right, green grows downwards."""
    y, x = np.mgrid[:height, :width]
    blue = 255 * ((x // 8 + y // 8) % 2)
    return np.stack([255 - x * 255 // width, y * 255 // height, blue], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture() -> Image.Image:
    return Image.fromarray(scene())


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM"])
def test_lossless_formats_are_exact(kind: str) -> None:
    assert np.array_equal(decode_photo(encoded(picture(), kind), "x").image, scene())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "AVIF"])
def test_lossy_formats_are_close(kind: str) -> None:
    image = decode_photo(encoded(picture(), kind), "x").image
    assert image.shape == (48, 64, 3)
    assert np.abs(image.astype(int) - scene()).mean() < 25


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_matches_pillow(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(picture(), kind, exif=exif, **options)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    image = decode_photo(data, "x").image
    assert np.array_equal(image, np.asarray(expected))
    assert image.flags.c_contiguous
    assert image.shape == ((64, 48, 3) if orientation >= 5 else (48, 64, 3))


def test_focal_length_follows_the_orientation() -> None:
    exif = Image.Exif()
    exif[274] = 6
    exif.get_ifd(34665)[41989] = 28
    photo = decode_photo(encoded(picture(), "JPEG", exif=exif), "x")
    assert photo.intrinsics is not None
    assert photo.intrinsics.fx == pytest.approx(28 * np.hypot(48, 64) / np.hypot(36, 24))
    assert (photo.intrinsics.cx, photo.intrinsics.cy) == (23.5, 31.5)


def test_damaged_exif_does_not_refuse_the_photo() -> None:
    data = encoded(picture(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff broken")
    assert decode_photo(data, "x").image.shape == (48, 64, 3)


def grey16() -> tuple[Image.Image, NDArray[np.uint8]]:
    values = np.linspace(0, 65535, 48 * 64).reshape(48, 64).round().astype(np.uint16)
    return Image.fromarray(values), np.rint(values / 257).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    image, expected = grey16()
    result = decode_photo(encoded(image, kind), "x").image
    assert np.abs(result.astype(int) - expected[..., None]).max() <= 1
    assert result.max() == 255
    assert np.unique(result).size == 256


def test_transparency_is_laid_over_white() -> None:
    half = scene()
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :32] = 0
    rgba = Image.fromarray(np.dstack([half, alpha]))
    grey = Image.merge("LA", (Image.fromarray(half[..., 1]), Image.fromarray(alpha)))
    palette = Image.fromarray(half[..., 1] // 128).convert("P")
    for image, options in (
        (rgba, {}),
        (grey, {}),
        (palette, {"transparency": 0}),
        (palette, {"transparency": bytes([0, 128])}),
        (Image.fromarray(np.where(alpha[..., None] == 0, 7, half)), {"transparency": (7, 7, 7)}),
    ):
        result = decode_photo(encoded(image, "PNG", **options), "x").image
        assert (result[0, 0] == 255).all(), image.mode


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LA", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_every_mode_gives_rgb(mode: str, kind: str) -> None:
    image = picture().convert(mode)
    try:
        data = encoded(image, kind)
        Image.open(io.BytesIO(data)).load()  # Pillow 12 cannot read its own YCbCr TIFF
    except OSError:
        pytest.skip(f"Pillow does not write and read {mode} as {kind}")
    result = decode_photo(data, "x").image
    assert result.shape == (48, 64, 3)
    assert result.dtype == np.uint8
    expected = np.asarray(image.convert("RGB"), int)
    assert np.abs(result.astype(int) - expected).mean() < 20


def test_adobe_ycck_jpeg_has_right_colours() -> None:
    cmyk = encoded(Image.new("CMYK", (64, 48), (255, 0, 0, 0)), "JPEG", quality=95)
    result = decode_photo(cmyk, "x").image.reshape(-1, 3).mean(0)
    assert result == pytest.approx([0, 255, 255], abs=12)  # cyan, not its negative


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_picture_of_an_animation_counts(kind: str) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert decode_photo(data, "x").image[0, 0].tolist() == pytest.approx([255, 0, 0], abs=3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("lenient", [False, True])
def test_truncated_files_are_errors(
    kind: str, share: float, lenient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lenient and kind not in ("JPEG", "PNG"):
        pytest.skip("Pillow's own switch for half pictures, set by the user, rules here")
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(PhotoError, match="room"):
        decode_photo(data[: int(len(data) * share)], "room")


def test_half_downloaded_jpeg_with_zeros_is_an_error() -> None:
    data = encoded(Image.fromarray(scene(480, 640)), "JPEG")
    with pytest.raises(PhotoError, match="damaged or incomplete"):
        decode_photo(data[: len(data) // 2] + bytes(len(data) // 2), "x")


def test_progressive_jpeg_with_a_trailer_is_fine() -> None:
    data = encoded(picture(), "JPEG", progressive=True, optimize=True)
    assert decode_photo(data + b"\0" * 100 + b"\xff\xda trailer", "x").image.shape == (48, 64, 3)


def test_a_progressive_jpeg_of_endless_passes_is_refused() -> None:
    """Each pass takes as long as the whole picture, however few bytes it has."""
    data = encoded(picture(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(PhotoError, match="passes, which takes too long: save it anew"):
        decode_photo(data[:-2] + data[last:-2] * 500 + data[-2:], "x")
    assert decode_photo(data[:-2] + data[last:-2] * 20 + data[-2:], "x").image.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, world", "not a picture in a known format"),
        (b"%PDF-1.7 ...", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"P2 64 48 255 " + b"1 " * 3072, "not a picture"),
    ],
)
def test_other_content_is_named(data: bytes, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        decode_photo(data, "note.txt")


def png_header(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("1", (64, 64)), "PNG"))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def test_bomb_is_refused_from_the_header() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(PhotoError, match="100000 × 100000 pixels; at most 200 million"):
        decode_photo(png_header(100_000, 100_000), "bomb.png")
    assert before == Image.MAX_IMAGE_PIXELS


def test_small_photos_are_refused() -> None:
    with pytest.raises(PhotoError, match="too small: 31 × 400"):
        decode_photo(encoded(Image.new("RGB", (31, 400)), "PNG"), "x")
    assert decode_photo(encoded(Image.new("RGB", (32, 400)), "PNG"), "x").image.shape[1] == 32


def test_odd_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    fifo = tmp_path / "pipe.jpg"
    for path, words in (
        (tmp_path / "none.jpg", "does not exist"),
        (tmp_path, "is a folder"),
        (empty, "is empty"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
        ("nul\0.jpg", "cannot be read"),
    ):
        with pytest.raises(PhotoError, match=words):
            read_photo(path)
    os.mkfifo(fifo)
    with pytest.raises(PhotoError, match="not a regular file"):
        read_photo(fifo)


def test_no_permission(
    open_dir: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    path = open_dir / "secret.jpg"
    path.write_bytes(encoded(picture(), "JPEG"))
    path.chmod(0)
    with unprivileged(), pytest.raises(PhotoError, match="permission denied"):
        read_photo(path)


def test_error_has_the_path_and_photo_the_name(tmp_path: Path) -> None:
    path = tmp_path / "room.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    with pytest.raises(PhotoError, match=str(path)):
        read_photo(path)
    path.write_bytes(encoded(picture(), "JPEG"))
    assert read_photo(path).name == "room.jpg"


def test_every_source_is_the_same_photo(tmp_path: Path) -> None:
    path = tmp_path / "room.png"
    picture().save(path)
    sources = [path, str(path), path.read_bytes(), picture(), Image.open(path), scene()]
    photos = [as_photo(source) for source in sources]
    assert all(np.array_equal(photo.image, scene()) for photo in photos)
    assert [photo.name for photo in photos] == ["room.png"] * 2 + ["photo"] * 2 + [
        "room.png",
        "photo",
    ]
    assert as_photo(photos[0]) is photos[0]


def test_channel_order_matters() -> None:
    assert not np.array_equal(as_photo(scene()[..., ::-1]).image, as_photo(scene()).image)
    assert np.array_equal(as_photo(scene()[..., ::-1]).image, scene()[..., ::-1])


def test_arrays_are_copied_and_protected() -> None:
    frame = scene()
    photo = as_photo(frame)
    frame[:] = 0  # the camera's buffer is used again
    assert np.array_equal(photo.image, scene())
    with pytest.raises(ValueError, match="read-only"):
        photo.image[0] = 0


def test_grey_and_rgba_arrays() -> None:
    grey = scene()[..., 1]
    assert np.array_equal(as_photo(grey).image, np.repeat(grey[..., None], 3, axis=2))
    clear = np.dstack([scene(), np.zeros((48, 64), np.uint8)])
    assert (as_photo(clear).image == 255).all()


@pytest.mark.parametrize(
    "source",
    [
        np.zeros((48, 64, 3), np.float32),
        np.zeros((48, 64, 3), np.uint16),
        np.zeros((3, 48, 64), np.uint8),
        np.zeros((48, 64, 2), np.uint8),
        np.zeros((48,), np.uint8),
        np.zeros((), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((16, 64, 3), np.uint8),
        np.zeros((16, 64), np.uint8),
        None,
        3,
        Image.new("F", (64, 64)),
        Image.fromarray(np.full((64, 64), 70000, np.int32)),
    ],
)
def test_other_sources_are_refused(source: Any) -> None:
    with pytest.raises(PhotoError):
        as_photo(source)


def test_no_warning_leaves_the_reader() -> None:
    wide = Image.new("1", (10_000, 9_500))  # over Pillow's own limit for warnings
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_photo(encoded(wide, "TIFF", compression="group4"), "x")
        decode_photo(encoded(picture(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"), "x")


def test_reading_in_threads_leaves_the_warning_filters_alone() -> None:
    before = list(warnings.filters)
    data = [encoded(picture(), kind, exif=b"Exif\0\0broken") for kind in ("JPEG", "PNG", "WEBP")]
    with ThreadPoolExecutor(8) as threads:
        images = list(threads.map(lambda i: decode_photo(data[i % 3], "x").image, range(300)))
    assert len(images) == 300
    assert list(warnings.filters) == before


def peak_megabytes(code: str) -> float:
    """Peak memory of a fresh interpreter running ``code``.

    Read from /proc, because Linux counts the parent's memory at the fork into ``ru_maxrss``.
    """
    command = (
        f"{code}\nfrom pathlib import Path\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stderr == ""
    return float(run.stdout.split()[-1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_100_megapixels_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.new("L", (12_500, 8_000), 90).save(path, exif=exif)
    peak = peak_megabytes(
        "from neardepth.imaging.photos import read_photo\n"
        f"assert read_photo({str(path)!r}).image.shape == (12500, 8000, 3)"
    )
    assert peak < 700  # 300 MB of RGB, 100 MB of grey in Pillow, and the imports


def test_real_photo_is_bit_equal_to_pillow(data_dir: Path) -> None:
    path = next(iter(sorted((data_dir / "nyuv2-train" / "rgb").glob("*.jpg"))))
    photo = read_photo(path)
    assert np.array_equal(photo.image, np.asarray(Image.open(path)))
    assert photo.intrinsics is None


def test_pixel_limit_holds_for_pillow_images() -> None:
    image = Image.new("1", (20_000, MAX_PIXELS // 20_000 + 1))
    with pytest.raises(PhotoError, match="at most 200 million"):
        as_photo(image)


def test_photo_is_plain_data() -> None:
    photo = Photo(scene(), "x")
    assert photo.intrinsics is None
    assert photo == photo  # compared by identity: arrays have no truth value


def test_one_lazy_image_in_many_threads(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "p.png")
    with ThreadPoolExecutor(8) as threads:
        for _ in range(4):
            image = Image.open(tmp_path / "p.png")
            for photo in threads.map(as_photo, [image] * 8):
                assert np.array_equal(photo.image, noise)
            image.getpixel((0, 0))  # still open


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "tif", "gif"])
def test_closed_images_are_called_closed(tmp_path: Path, kind: str, loaded: bool) -> None:
    path = tmp_path / f"p.{kind}"
    picture().save(path)
    image = Image.open(path)
    if loaded:
        image.load()
    image.close()
    with pytest.raises(PhotoError, match=f"p.{kind} is a closed Pillow image"):
        as_photo(image)


def test_image_of_a_closed_file_is_called_closed(tmp_path: Path) -> None:
    picture().save(tmp_path / "p.png")
    with (tmp_path / "p.png").open("rb") as file:
        image = Image.open(file)
    with pytest.raises(PhotoError, match="is a closed Pillow image"):
        as_photo(image)
