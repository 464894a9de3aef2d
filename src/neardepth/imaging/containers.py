"""Opening image files with Pillow: strict, quiet, and bounded before anything is decoded."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import threading
import warnings
import zlib
from collections.abc import Iterator

from PIL import Image, ImageFile

MAX_PIXELS = 200_000_000

# Signature, Pillow's plug-in. Rare formats are left out: each parser is a way in for bad input.
_FORMATS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xd8\xff"), "Jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "Png"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WebP"),
    (re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"), "Tiff"),
    (re.compile(rb"BM"), "Bmp"),
    (re.compile(rb"GIF8[79]a"), "Gif"),
    (re.compile(rb"P[456]\s"), "Ppm"),
    (re.compile(rb"....ftyp(avif|avis|mif1|msf1)", re.DOTALL), "Avif"),
)
FORMAT_NAMES = "JPEG, PNG, WebP, TIFF, BMP, GIF, PPM or AVIF"
_HEIC = re.compile(rb"....ftyp(heic|heix|hevc|hevx|heim|heis)", re.DOTALL)

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MAX_JPEG_SEGMENTS = 100_000
_MAX_JPEG_SCANS = 200
"""Progressive files have some ten; each takes as long as the whole picture, however short it is."""
_QUIET = threading.Lock()


class UnusableFileError(ValueError):
    """An image file cannot be used; the text continues a sentence that starts with its name."""


class TooManyPixelsError(UnusableFileError):
    """A picture is larger than is read."""


def image_format(data: bytes) -> str | None:
    """Name Pillow's plug-in for these bytes ("Jpeg", "Png", …), or None."""
    return next((name for pattern, name in _FORMATS if pattern.match(data)), None)


def load_image(data: bytes, min_side: int = 1, max_pixels: int = MAX_PIXELS) -> ImageFile.ImageFile:
    """Decode the (first) picture in ``data`` completely.

    Raises :class:`UnusableFileError` for an unknown format, damage, truncation, more than
    ``max_pixels`` pixels (from the header, before decoding) or a side under ``min_side``.
    """
    name = image_format(data)
    if name is None:
        raise UnusableFileError(
            "is a HEIC photo, which cannot be read: convert it to JPEG or PNG"
            if _HEIC.match(data)
            else f"is not a picture in a known format ({FORMAT_NAMES})"
        )
    try:
        image, odd = _open(data, name)
        _check_size(image.size, min_side, max_pixels)
        if (name == "Jpeg" and not _jpeg_is_whole(data)) or (
            name == "Png" and not _png_is_whole(data)
        ):
            raise UnusableFileError("is damaged or incomplete: copy it again from its source")
        large = image.width * image.height > MAX_PIXELS // 4
        # Only such files may warn again, and for the others threads need not wait for the lock.
        with quiet() if odd or large else contextlib.nullcontext():
            image.load()
        _check_size(
            image.size, min_side, max_pixels
        )  # a GIF frame may be larger than its header says
    except UnusableFileError:
        raise
    except (MemoryError, Image.DecompressionBombError) as cause:
        raise UnusableFileError("needs more memory than can be given to one picture") from cause
    except Exception as cause:  # Pillow's parsers raise nearly every type on damaged data
        raise UnusableFileError(
            "is damaged or incomplete: copy it again from its source"
        ) from cause
    return image


@contextlib.contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Keep Pillow's warnings about odd metadata and large pictures off the terminal.

    ``warnings.catch_warnings`` is not safe in threads that overlap, hence the lock.
    """
    with _QUIET, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def _open(data: bytes, name: str) -> tuple[ImageFile.ImageFile, bool]:
    """Parse the header with one plug-in; also say whether there was a warning.

    ``Image.open`` would add Pillow's own limit on pixels, which can only be moved for the
    whole process, and for JPEG the search for further pictures that are not wanted here.
    """
    plugin = importlib.import_module(f"PIL.{name}ImagePlugin")
    with quiet() as caught:
        image = getattr(plugin, f"{name}ImageFile")(io.BytesIO(data), "")
    if not isinstance(image, ImageFile.ImageFile):
        raise TypeError(f"unexpected {type(image)}")
    return image, bool(caught)


def _check_size(size: tuple[int, int], min_side: int, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise TooManyPixelsError(
            f"claims {width} × {height} pixels; at most {max_pixels / 1e6:g} million are read"
        )
    if min(size) < min_side:
        raise UnusableFileError(
            f"is too small: {width} × {height} pixels, and each side needs {min_side}"
        )


def _jpeg_is_whole(data: bytes) -> bool:
    """Whether the picture's end marker is there.

    Decoders fill what is missing with grey: a download with its rest preallocated as zeros
    would pass as a photo.

    Raises :class:`UnusableFileError` for more than `_MAX_JPEG_SCANS` passes over the picture.
    """
    at, scans = 2, 0
    for _ in range(_MAX_JPEG_SEGMENTS):
        match = _JPEG_MARKER.search(data, at)
        if match is None:
            return False
        marker, at = data[match.start() + 1], match.end()
        if marker == 0xD9:
            return True
        scans += marker == 0xDA
        if scans > _MAX_JPEG_SCANS:
            raise UnusableFileError(
                f"is drawn in more than {_MAX_JPEG_SCANS} passes, which takes too long: save it "
                "anew from its source"
            )
        if marker != 0x01:  # all others carry a length; pixels after a scan header are searched
            at += int.from_bytes(data[at : at + 2], "big")
    return False


def _png_is_whole(data: bytes) -> bool:
    """Whether every chunk up to the end chunk is there and has its checksum.

    Pillow skips the checksums of pixel chunks, and with ``LOAD_TRUNCATED_IMAGES`` set by
    another library it would return a partly empty depth map.
    """
    view = memoryview(data)
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if end > len(data):
            return False
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            return False
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at = end
    return False
