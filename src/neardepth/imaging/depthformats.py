"""Depth in metres from NumPy and OpenEXR files."""

from __future__ import annotations

import contextlib
import io
import math
import sys
import threading
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import DepthMapError
from neardepth.imaging.containers import (
    MAX_PIXELS,
    TooManyPixelsError,
    UnusableFileError,
    image_format,
)

_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
EXR = b"\x76\x2f\x31\x01"
_NPZ_KEY = "depth"
_DAMAGED = "is damaged or incomplete: copy it again from its source"
_EXR_LOCK = threading.Lock()


def read_metres(data: bytes, path: Path, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """Return H×W floats from the content of an .npy, .npz or .exr file.

    Raises :class:`UnusableFileError`; :class:`DepthMapError` where OpenEXR is not installed.
    """
    if data.startswith(_NPY):
        return _read_npy(data, max_pixels)
    if data.startswith(_ZIP):
        return _read_npz(data, max_pixels)
    if data.startswith(EXR):
        return _read_exr(path)
    picture = image_format(data)
    if picture is not None:
        raise UnusableFileError(
            f"is a {picture.upper()} picture: depth is a 16-bit PNG, float TIFF, .npy, .npz or .exr"
        )
    raise UnusableFileError(
        "is not a depth map in a known format (16-bit PNG, float TIFF, .npy, .npz, .exr)"
    )


def _read_npy(data: bytes, max_pixels: int) -> NDArray[Any]:
    """Read the array without ``np.load``, which would allocate whatever the header claims."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = header(stream)
    except Exception as cause:  # the header is a Python literal: parsing raises many types
        raise UnusableFileError(_DAMAGED) from cause
    if len(shape) != 2 or min(shape) < 1 or dtype.kind != "f" or dtype.itemsize > 8:
        raise UnusableFileError(
            f"holds {dtype} of shape {shape}: depth is H×W floats (16, 32 or 64 bits) in metres"
        )
    count = math.prod(shape)
    if count > max_pixels:
        raise TooManyPixelsError(f"claims {shape[1]} × {shape[0]} pixels, too many to read")
    if len(data) - stream.tell() < count * dtype.itemsize:
        raise UnusableFileError(_DAMAGED)
    flat = np.frombuffer(data, dtype, count, stream.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def _read_npz(data: bytes, max_pixels: int) -> NDArray[Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member = archive.getinfo(f"{_NPZ_KEY}.npy")
            if member.file_size > max_pixels * 8 + 65536:
                raise TooManyPixelsError("claims a depth map too large to read")
            content = archive.read(member)
    except UnusableFileError:
        raise
    except KeyError as cause:
        raise UnusableFileError(f"has no array named {_NPZ_KEY!r}") from cause
    except Exception as cause:  # zipfile raises many types on damaged archives
        raise UnusableFileError(_DAMAGED) from cause
    return _read_npy(content, max_pixels)


def _read_exr(path: Path) -> NDArray[Any]:
    """Read channel ``Z``, or the only channel, of the first part."""
    openexr = _openexr()
    try:
        # OpenEXR prints about damaged parts on standard output, which may be somebody's pipe.
        with _EXR_LOCK, contextlib.redirect_stdout(sys.stderr):
            low, high = openexr.File(str(path), header_only=True).header()["dataWindow"]
            width, height = (int(v) for v in (high - low + 1))
            if width < 1 or height < 1 or width * height > MAX_PIXELS:
                raise UnusableFileError(f"claims {width} × {height} pixels, too many to read")
            channels = openexr.File(str(path), separate_channels=True).channels()
            name = "Z" if "Z" in channels or len(channels) != 1 else next(iter(channels))
            pixels = np.array(channels[name].pixels) if name in channels else None
    except UnusableFileError:
        raise
    except Exception as cause:  # C++ exceptions arrive as several types
        raise UnusableFileError(_DAMAGED) from cause
    if pixels is None:
        raise UnusableFileError("has no channel named Z")
    if pixels.ndim != 2 or pixels.dtype.kind != "f":
        raise UnusableFileError(f"holds {pixels.dtype} of shape {pixels.shape}, not depth")
    return pixels


def write_exr(path: Path, depth: NDArray[np.float32]) -> None:
    """Write one float32 channel ``Z``; :class:`OSError` where that fails."""
    openexr = _openexr()
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
    try:
        openexr.File(header, {"Z": np.ascontiguousarray(depth)}).write(str(path))
    except RuntimeError as cause:
        raise OSError(str(cause)) from cause


def _openexr() -> ModuleType:
    try:
        import OpenEXR
    except ImportError as cause:
        raise DepthMapError(
            "EXR files need the OpenEXR package: pip install 'neardepth[exr]'."
        ) from cause
    module: ModuleType = OpenEXR
    return module
