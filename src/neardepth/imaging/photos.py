"""Photos from files, bytes, Pillow images and arrays: upright 8-bit RGB, or a clear error."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neardepth.errors import PhotoError
from neardepth.imaging.containers import MAX_PIXELS, UnusableFileError, load_image, quiet
from neardepth.imaging.files import read_file
from neardepth.imaging.intrinsics import Intrinsics

__all__ = [
    "MAX_PIXELS",
    "MIN_SIDE",
    "Photo",
    "PhotoSource",
    "as_photo",
    "decode_photo",
    "read_photo",
]

MIN_SIDE = 32  # pixels: there is nothing to describe in less

_LOADING = tuple(threading.Lock() for _ in range(16))  # shared out by the image's identity
_CLOSED = "{} is a closed Pillow image: give it while it is open, or give the file's path."
_ORIENTATION = 274
_EXIF_IFD = 34665
_STRIP_PIXELS = 4_000_000  # converted at a time, so that large photos need no second copy


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo ready to be described.

    ``image`` is H×W×3 uint8 in RGB order, upright and read-only; ``name`` is
    used in messages and for the names of output files; ``intrinsics`` come from the EXIF
    focal length where there is one.
    """

    image: NDArray[np.uint8]
    name: str
    intrinsics: Intrinsics | None = None


PhotoSource = (
    str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8] | Photo
)  # a file's path, a file's content, or pixels


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Read a photo file; :class:`PhotoError` where it is missing, damaged or no photo."""
    return _decode(read_file(path, PhotoError), label=str(path), name=Path(path).name)


def decode_photo(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Photo:
    """Decode a photo file's content (JPEG, PNG, WebP, TIFF, BMP, GIF, PPM, AVIF).

    The EXIF orientation is applied, transparency laid over white, 16-bit grey scaled to
    8 bits, CMYK converted; of an animation the first picture counts. Raises
    :class:`PhotoError` naming ``name`` for anything damaged, cut short, of more than
    ``max_pixels`` pixels or with a side under ``MIN_SIDE``.
    """
    return _decode(data, label=name, name=name, max_pixels=max_pixels)


def as_photo(source: PhotoSource) -> Photo:
    """Make a :class:`Photo` of a path, a file's bytes, a Pillow image, an array or a photo.

    Arrays are uint8: H×W×3 in **RGB** order, H×W×4 RGBA or H×W grey. OpenCV's BGR cannot be
    told from RGB: convert it first (``image[..., ::-1]``), or the neighbours will be worse.
    A Pillow image stays the caller's: it is loaded, one thread at a time, and not closed.
    Raises :class:`PhotoError` for anything else.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, bytes):
        return decode_photo(source, "photo")
    if isinstance(source, str | os.PathLike):
        return read_photo(source)
    if isinstance(source, Image.Image):
        return _from_pillow(source)
    if isinstance(source, np.ndarray):
        return _from_array(source)
    raise PhotoError(
        f"A photo is a path, bytes, a Pillow image or a uint8 array, not {type(source).__name__}."
    )


def _decode(data: bytes, *, label: str, name: str, max_pixels: int = MAX_PIXELS) -> Photo:
    if not data:
        raise PhotoError(f"{label} is empty.")
    try:
        return _convert(load_image(data, MIN_SIDE, max_pixels), name)
    except UnusableFileError as cause:
        raise PhotoError(f"{label} {cause}.") from cause


def _from_pillow(image: Image.Image) -> Photo:
    filename = getattr(image, "filename", "")
    name = Path(os.fsdecode(filename)).name or "photo"
    if min(image.size) < MIN_SIDE or image.width * image.height > MAX_PIXELS:
        raise PhotoError(
            f"{name} has {image.width} × {image.height} pixels: each side needs {MIN_SIDE}, "
            f"and at most {MAX_PIXELS // 1_000_000} million pixels are read."
        )
    try:
        # Pillow opens lazily, and two threads that load one image disturb each other.
        with _LOADING[(id(image) >> 4) % len(_LOADING)]:
            closed = bool(getattr(image, "tile", None)) and getattr(image, "fp", None) is None
            if not closed:
                image.load()
                return _convert(image, name)
    except UnusableFileError as cause:
        raise PhotoError(f"{name} {cause}.") from cause
    except Exception as cause:  # a lazily opened file: see load_image
        if "closed" in str(cause):  # Pillow's and Python's ValueError have nothing else
            raise PhotoError(_CLOSED.format(name)) from cause
        raise PhotoError(f"{name} is damaged or incomplete.") from cause
    raise PhotoError(_CLOSED.format(name))


def _from_array(array: NDArray[np.generic]) -> Photo:
    grey = array.ndim == 2
    if array.dtype != np.uint8 or not (grey or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PhotoError(
            "A photo array is uint8 of shape H×W×3 (RGB), H×W×4 (RGBA) or H×W (grey), "
            f"not {array.dtype} of shape {'×'.join(map(str, array.shape)) or 'one value'}."
        )
    if grey or array.shape[2] == 4:
        return _from_pillow(Image.fromarray(np.ascontiguousarray(array)))
    height, width = array.shape[:2]
    if min(height, width) < MIN_SIDE or height * width > MAX_PIXELS:
        raise PhotoError(
            f"The photo array has {width} × {height} pixels: each side needs {MIN_SIDE}, "
            f"and at most {MAX_PIXELS // 1_000_000} million pixels are read."
        )
    return Photo(_read_only(np.array(array, dtype=np.uint8, order="C")), "photo")


def _convert(image: Image.Image, name: str) -> Photo:
    """Make an upright RGB photo of a loaded Pillow image."""
    orientation, tags = _exif(image)
    turned = orientation >= 5
    try:
        pixels = _upright(image, orientation)
    except UnusableFileError:
        raise
    except (OSError, ValueError) as cause:
        raise UnusableFileError(f"has pixels that cannot be shown as RGB ({image.mode})") from cause
    intrinsics = Intrinsics.from_exif(tags, pixels.shape[:2], turned=turned)
    return Photo(_read_only(pixels), name, intrinsics)


def _upright(image: Image.Image, orientation: int) -> NDArray[np.uint8]:
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    if orientation == 1 and image.mode == "RGB" and rows >= height:
        return _rgb(image)
    upright = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    stored = _as_stored(upright, orientation)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        stored[top:bottom] = _rgb(image.crop((0, top, width, bottom)))
    return upright


def _read_only(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    pixels.flags.writeable = False
    return pixels


def _exif(image: Image.Image) -> tuple[int, dict[int, object]]:
    """Find the orientation (1 to 8) and the Exif IFD; damaged metadata counts as none."""
    try:
        with quiet():
            exif = image.getexif()
            tags = dict(exif.get_ifd(_EXIF_IFD)) if exif else {}
            orientation = exif.get(_ORIENTATION, 1)
    except Exception:  # the photo itself was decoded: its notes may be as odd as they like
        return 1, {}
    return (orientation if orientation in range(1, 9) else 1), tags


def _as_stored(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """View the upright photo in the order of the file's pixels (Exif 2.32, 4.6.4)."""
    views: dict[int, NDArray[np.uint8]] = {
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: upright.swapaxes(0, 1)[::-1],
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: upright.swapaxes(0, 1)[:, ::-1],
    }
    return views.get(orientation, upright)


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Return H×W×3 pixels, or H×W×1 of a 16-bit grey picture."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise UnusableFileError("has 32-bit grey pixels: save it with 8 or 16 bits")
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)[..., None]
    if image.mode == "F":
        raise UnusableFileError("has floating-point pixels: save the photo with 8 or 16 bits")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
