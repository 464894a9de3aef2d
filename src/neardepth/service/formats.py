"""The content of the files that a result can be downloaded as."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from neardepth.geometry.camera import DEFAULT_FOV
from neardepth.imaging import depthmaps
from neardepth.imaging.colour import colourise, depth_range, known_sample, ticks
from neardepth.result import DepthResult
from neardepth.service import spatial
from neardepth.service.spatial import written

_PICTURE_SIDE = 480  # pixels: longer side of the pictures of neighbours


def summary(result: DepthResult, pool_name: str) -> dict[str, Any]:
    """Describe a result in plain data without naming a file of this machine."""
    data = json.loads(json.dumps(result.summary(), default=_plain))
    if "path" in data["pool"]:
        data["pool"]["path"] = pool_name
    encoder = data["method"].get("encoder", {})
    for network in (encoder, *encoder.get("networks", ())):
        network.pop("source", None)
    return dict(data)


def display(result: DepthResult) -> dict[str, Any]:
    """Say how to show a result: ends and marks of the colour bars, metres; the view in 3D."""
    low, high = depth_range(result.depth)
    spread = known_sample(result.uncertainty)
    most = float(np.percentile(spread, 98)) if spread.size else 1.0
    return {
        "low": low,
        "high": high,
        "ticks": ticks(low, high),
        "uncertainty_high": round(max(most, 0.01), 3),
        "assumed_fov": DEFAULT_FOV,
    }


def depth_png(result: DepthResult, _: str) -> bytes:
    """16-bit PNG, its unit in the file."""
    return depthmaps.depth_png(result.depth)[0]


def depth_exr(result: DepthResult, _: str) -> bytes:
    """OpenEXR, float32 metres; it can only be written to a file, which is gone afterwards."""
    return written("depth.exr", lambda path: depthmaps.write_depth_exr(path, result.depth))


def maps_npz(result: DepthResult, pool_name: str) -> bytes:
    """Every map as arrays, and the summary as text, as `DepthResult.save` writes them."""
    arrays: dict[str, Any] = {
        "depth": result.depth,
        "fused": result.fused,
        "uncertainty": result.uncertainty,
        "json": np.array(json.dumps(summary(result, pool_name), ensure_ascii=False)),
    }
    if result.filled is not None:
        arrays["filled"] = result.filled
    return depthmaps.npz(**arrays)


def preview_png(result: DepthResult, _: str) -> bytes:
    """Colours with a bar in metres."""
    return _encoded(result.preview(), "PNG")


def summary_json(result: DepthResult, pool_name: str) -> bytes:
    """Everything about the result in plain data."""
    return json.dumps(summary(result, pool_name), indent=2, ensure_ascii=False).encode()


Maker = Callable[[DepthResult, str], bytes]
"""Makes a file's content of a result and the name of its pool."""

FILES: dict[str, tuple[Maker, str]] = {
    "depth.png": (depth_png, "image/png"),
    "depth.npz": (maps_npz, "application/x-npz"),
    "depth.exr": (depth_exr, "image/x-exr"),
    "preview.png": (preview_png, "image/png"),
    "summary.json": (summary_json, "application/json"),
    **spatial.FILES,
}
"""What a result can be downloaded as, each with its media type."""

ANSWERS = {
    "image/png": "depth.png",
    "application/x-npz": "depth.npz",
    "image/x-exr": "depth.exr",
}
"""Media types that a photo can be answered with at once, beside JSON with links."""


def maps_binary(result: DepthResult, most_side: int) -> tuple[bytes, dict[str, str]]:
    """Depth, then uncertainty, as little-endian float32 metres, row by row, NaN = unknown.

    Of larger maps every ``Stride``-th pixel of every ``Stride``-th row is taken, as it is.

    Returns:
        The bytes, and width, height and stride as headers.
    """
    stride = math.ceil(max(result.depth.shape) / most_side)
    maps = [values[::stride, ::stride] for values in (result.depth, result.uncertainty)]
    height, width = maps[0].shape
    headers = {"Width": width, "Height": height, "Stride": stride}
    data = b"".join(values.astype("<f4").tobytes() for values in maps)
    return data, {f"NearDepth-{name}": str(value) for name, value in headers.items()}


def photo_jpeg(result: DepthResult, most_side: int) -> bytes:
    """The photo, made smaller where a side is longer."""
    return _encoded(_smaller(Image.fromarray(result.photo.image), most_side), "JPEG")


def neighbour_picture(result: DepthResult, number: int, kind: str) -> tuple[bytes, str] | None:
    """Return a picture behind a result, and its media type; None where it is not at hand.

    Args:
        result: the result.
        number: of the neighbour.
        kind: "photo", a JPEG, or "depth", in the colours of the result's preview.
    """
    pictures = result.evidence()[number]
    if pictures is None:
        return None
    photo, depth = pictures
    if kind == "photo":
        return _encoded(_smaller(Image.fromarray(photo)), "JPEG"), "image/jpeg"
    return _encoded(
        _smaller(Image.fromarray(colourise(depth, *depth_range(result.depth)))), "PNG"
    ), "image/png"


def _smaller(picture: Image.Image, most_side: int = _PICTURE_SIDE) -> Image.Image:
    picture.thumbnail((most_side, most_side))
    return picture


def _encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)
