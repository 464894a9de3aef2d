"""Depth maps from and to files: float32 metres in memory, the unit always in the file."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from neardepth.errors import DepthMapError
from neardepth.imaging import depthformats
from neardepth.imaging.containers import MAX_PIXELS, UnusableFileError, load_image
from neardepth.imaging.files import read_file, replacing, write_file

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_DEPTH = 1000.0
"""Metres: depth above counts as unknown. No sensor of such data sees farther, and one absurd
value (1e30, a marker of some tool) would spoil every estimate it is averaged into."""

MAX_COUNT = 65535
"""The largest count of 16-bit depth; 0 is unknown."""

_STRIP_PIXELS = 4_000_000  # worked on at a time, so that large maps need no second copy
_UNIT_KEY = "DepthUnit"
_DESCRIPTION = f"depth in metres = value x {_UNIT_KEY}; 0 = unknown"


@dataclass(frozen=True)
class EncodedDepth:
    """A depth map in a published file format, without loss.

    ``data`` is a 16-bit single-channel PNG (counts, 0 = unknown) or a float32 TIFF (NaN or
    ≤ 0 = unknown); so is depth above ``MAX_DEPTH``. ``unit`` is metres per count,
    1.0 for a TIFF of metres.
    """

    data: bytes
    unit: float


def decode_depth(data: bytes, unit: float, name: str) -> NDArray[np.float32]:
    """Decode a 16-bit PNG or float TIFF to H×W metres, NaN = unknown.

    ``unit`` is metres per count (see :class:`EncodedDepth`). Depth above ``MAX_DEPTH``
    (1000 m) is unknown. Raises :class:`DepthMapError` naming ``name`` for damage,
    other kinds of pictures and too many pixels.
    """
    if not _is_unit(unit):
        raise DepthMapError(f"{name} cannot have the depth unit {unit} metres per count.")
    try:
        if data.startswith(_PNG):
            return _in_metres(unit, _load_png(data))
        if data.startswith(_TIFF):
            stored = _load_tiff(data)
            with np.errstate(all="ignore"):  # anything may stand in the place of unknown
                return _known_only(stored * np.float32(unit))
    except UnusableFileError as cause:
        raise DepthMapError(f"{name} {cause}.") from cause
    raise DepthMapError(f"{name} is neither a 16-bit PNG nor a float TIFF depth map.")


def encode_depth(depth: NDArray[np.float32]) -> EncodedDepth:
    """Encode an H×W depth map in metres as float32 TIFF: lossless, NaN kept, compressed.

    What is not above 0 and at most ``MAX_DEPTH`` becomes NaN, as everywhere here.
    """
    buffer = io.BytesIO()
    Image.fromarray(_known_only(_checked(depth, "The depth map"))).save(
        buffer, "TIFF", compression="tiff_adobe_deflate"
    )
    return EncodedDepth(buffer.getvalue(), 1.0)


def load_depth(path: str | os.PathLike[str], depth_scale: float = 1000.0) -> EncodedDepth:
    """Load a depth map file for a pool; a PNG's bytes are kept as they are.

    Reads 16-bit grey PNG with ``depth_scale`` counts per metre (1000: millimetres; KITTI:
    256; a ``DepthUnit`` in the file wins), and metres as .npy or .npz floats, float TIFF or
    EXR. Depth above ``MAX_DEPTH`` (1000 m) is unknown. Raises :class:`DepthMapError` for
    anything else, damage, or when nothing is known.
    """
    encoded, depth = _read(path, depth_scale)
    return encoded if encoded is not None else encode_depth(depth)


def parse_depth(
    data: bytes, name: str, depth_scale: float = 1000.0, max_pixels: int = MAX_PIXELS
) -> EncodedDepth:
    """Do as :func:`load_depth` with a file's content; of EXR only files can be read.

    ``name`` is used in messages. Nothing is read from disk, and nothing of more than
    ``max_pixels`` pixels is decoded.
    """
    if data.startswith(depthformats.EXR):
        raise DepthMapError(f"{name} is an EXR file: give 16-bit PNG, float TIFF, .npy or .npz.")
    encoded, depth = _parse(data, Path(name), depth_scale, max_pixels)
    return encoded if encoded is not None else encode_depth(depth)


def read_depth(path: str | os.PathLike[str], depth_scale: float = 1000.0) -> NDArray[np.float32]:
    """Read H×W metres, NaN = unknown, from any file :func:`load_depth` takes.

    Depth above ``MAX_DEPTH`` (1000 m) is unknown. Errors as there.
    """
    return _read(path, depth_scale)[1]


def write_depth_png(path: str | os.PathLike[str], depth: NDArray[np.float32]) -> float:
    """Write metres as a 16-bit PNG and return its unit, metres per count (0 = unknown).

    The unit is the smallest power of ten from 0.001 m that fits the largest depth: 1 mm to
    65 m, 1 cm to 655 m, 10 cm to ``MAX_DEPTH``. It stands in the file as the
    text chunk ``DepthUnit``. Known depth is at least one count. Raises
    :class:`DepthMapError` where the file cannot be written.
    """
    data, unit = depth_png(_checked(depth, str(path)))
    write_file(path, data, DepthMapError)
    return unit


def depth_png(depth: NDArray[np.float32]) -> tuple[bytes, float]:
    """Encode metres as the content of :func:`write_depth_png`'s file; return its unit too."""
    _checked(depth, "The depth map")
    rows = max(1, _STRIP_PIXELS // depth.shape[1])
    strips = [slice(top, top + rows) for top in range(0, depth.shape[0], rows)]
    farthest = [np.fmax.reduce(_known_only(depth[strip]), None) for strip in strips]
    unit = unit_for(float(np.fmax.reduce(farthest)))  # NaN, where nothing is known, fits any
    counts = np.zeros(depth.shape, np.uint16)
    for strip in strips:
        counts[strip] = to_counts(_known_only(depth[strip]), unit)
    notes = PngImagePlugin.PngInfo()
    notes.add_text(_UNIT_KEY, repr(unit))
    notes.add_text("Description", _DESCRIPTION)
    buffer = io.BytesIO()
    Image.fromarray(counts).save(buffer, "PNG", pnginfo=notes, compress_level=2)
    return buffer.getvalue(), unit


def to_counts(depth: NDArray[np.float32], unit: float) -> NDArray[np.uint16]:
    """Encode metres, NaN unknown, as counts of ``unit`` metres.

    0 is unknown, known depth at least one count, and the farthest cut at `MAX_COUNT`.
    """
    scaled = np.rint(depth / np.float64(unit))
    np.clip(scaled, 1, MAX_COUNT, out=scaled)
    return np.asarray(np.nan_to_num(scaled, copy=False, nan=0), dtype=np.uint16)


def write_depth_exr(path: str | os.PathLike[str], depth: NDArray[np.float32]) -> None:
    """Write metres as OpenEXR, float32 channel ``Z``, NaN = unknown; needs the extra ``exr``."""
    metres = _known_only(_checked(depth, str(path)))
    with replacing(path, DepthMapError) as temporary:
        depthformats.write_exr(temporary, metres)


def write_npz(path: str | os.PathLike[str], **arrays: NDArray[Any]) -> None:
    """Write named arrays as a compressed .npz; :func:`read_depth` reads the one named depth."""
    write_file(path, npz(**arrays), DepthMapError)


def npz(**arrays: NDArray[Any]) -> bytes:
    """Encode named arrays as the content of a compressed .npz."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _read(
    path: str | os.PathLike[str], depth_scale: float
) -> tuple[EncodedDepth | None, NDArray[np.float32]]:
    """Return the depth in metres, and the file's own bytes where they can be kept."""
    return _parse(read_file(path, DepthMapError), Path(path), depth_scale)


def _parse(
    data: bytes, path: Path, depth_scale: float, max_pixels: int = MAX_PIXELS
) -> tuple[EncodedDepth | None, NDArray[np.float32]]:
    if not (depth_scale and _is_unit(1.0 / depth_scale)):
        raise DepthMapError(f"The depth scale cannot be {depth_scale} counts per metre.")
    encoded = None
    try:
        if data.startswith(_PNG):
            image = _load_png(data, max_pixels)
            unit = _stated_unit(image) or 1.0 / depth_scale
            encoded = EncodedDepth(data, unit)
            depth = _in_metres(unit, image)
        elif data.startswith(_TIFF):
            depth = _known_only(_load_tiff(data, max_pixels))
        else:
            depth = _known_only(depthformats.read_metres(data, path, max_pixels))
    except UnusableFileError as cause:
        raise DepthMapError(f"{path} {cause}.") from cause
    if not np.isfinite(depth).any():
        raise DepthMapError(f"{path} has no known depth: every pixel is 0, < 0, NaN or > 1000 m.")
    return encoded, depth


def _load_png(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    # IHDR comes first: bit depth and colour type are bytes 24 and 25 (PNG 3rd ed., 11.2.1).
    if len(data) > 25 and tuple(data[24:26]) != (16, 0):
        kind = "a colour or palette" if data[25] else f"an {data[24]}-bit grey"
        raise UnusableFileError(f"is {kind} PNG: depth needs 16 bits and one channel")
    image = load_image(data, max_pixels=max_pixels)
    return image if image.mode == "I;16" else image.convert("I;16")


def _stated_unit(image: Image.Image) -> float | None:
    """Return the unit our own writer left in the PNG."""
    text = image.info.get(_UNIT_KEY)
    if text is None:
        return None
    try:
        unit = float(text)
    except (TypeError, ValueError):
        unit = 0.0
    if not _is_unit(unit):
        raise UnusableFileError(f"states the impossible depth unit {str(text)[:20]!r}")
    return unit


def _load_tiff(data: bytes, max_pixels: int = MAX_PIXELS) -> NDArray[np.float32]:
    image = load_image(data, max_pixels=max_pixels)
    if image.mode != "F":
        raise UnusableFileError(
            "is a TIFF without floating-point pixels: save metres as float32, or counts as PNG"
        )
    return np.asarray(image, np.float32)


def _in_metres(unit: float, image: Image.Image) -> NDArray[np.float32]:
    counts = np.asarray(image)
    depth: NDArray[np.float32] = counts * np.float32(unit)
    depth[(counts == 0) | (depth > MAX_DEPTH)] = np.nan
    return depth


def _is_unit(unit: float) -> bool:
    """Whether metres per count are imaginable: micrometres to kilometres."""
    return 1e-6 <= unit <= 1e3


def unit_for(largest: float) -> float:
    """Return metres per count, the smallest power of ten from 1 mm that fits the largest depth."""
    exponent = -3
    while largest > (MAX_COUNT + 0.5) * 10.0**exponent:
        exponent += 1
    return float(f"1e{exponent}")


def _known_only(depth: NDArray[Any]) -> NDArray[np.float32]:
    """Copy as float32, with NaN wherever depth is not in (0, ``MAX_DEPTH``]."""
    with np.errstate(over="ignore", invalid="ignore"):
        metres = depth.astype(np.float32)
    metres[~((metres > 0) & (metres <= MAX_DEPTH))] = np.nan
    return metres


def _checked(depth: NDArray[Any], name: str) -> NDArray[Any]:
    if depth.ndim != 2 or depth.size == 0 or depth.dtype.kind != "f":
        raise DepthMapError(
            f"{name} must be H×W floats in metres, not {depth.dtype} of shape {depth.shape}."
        )
    return depth
