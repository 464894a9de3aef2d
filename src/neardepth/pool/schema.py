"""What a pool keeps of each pair, and the tables it keeps it in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from neardepth.datasets.pair import DepthKind, RgbdPair
from neardepth.errors import DepthMapError
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo, decode_photo

FORMAT = 1
"""Version of the layout on disk; a pool of a newer one is refused."""

ASPECT_TOLERANCE = 0.02
"""How far the aspect ratios of a photo and its depth map may differ."""

PAIRS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("source", pa.string()),
        ("split", pa.string()),
        ("scene", pa.string()),
        ("image", pa.large_binary()),
        ("image_bytes", pa.int64()),
        ("image_sha256", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("depth", pa.large_binary()),
        ("depth_bytes", pa.int64()),
        ("depth_sha256", pa.string()),
        ("depth_unit", pa.float64()),
        ("depth_kind", pa.string()),
        ("depth_width", pa.int32()),
        ("depth_height", pa.int32()),
        ("depth_min", pa.float32()),
        ("depth_median", pa.float32()),
        ("depth_max", pa.float32()),
        ("depth_known", pa.float32()),
        ("fx", pa.float64()),
        ("fy", pa.float64()),
        ("cx", pa.float64()),
        ("cy", pa.float64()),
        ("intrinsics_origin", pa.string()),
    ]
)


@dataclass(frozen=True)
class PairRecord:
    """What is known of a pair without its photo and depth map; sizes in pixels, depth in metres."""

    id: str
    source: str
    split: str | None
    scene: str | None
    image_bytes: int
    image_sha256: str
    width: int
    height: int
    depth_bytes: int
    depth_sha256: str
    depth_unit: float
    """Metres per count of the stored depth map."""
    depth_kind: DepthKind
    depth_width: int
    depth_height: int
    depth_min: float
    depth_median: float
    depth_max: float
    depth_known: float
    """Share of the depth map's pixels that are known."""
    intrinsics: Intrinsics | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PairRecord:
        """Read a row of the pairs table."""
        values = {field.name: row[field.name] for field in fields(cls) if field.name in row}
        return cls(**values, intrinsics=intrinsics_of(row))

    def row(self, pair: RgbdPair) -> dict[str, Any]:
        """Make the row of the pairs table."""
        camera = self.intrinsics
        return {
            **{name: getattr(self, name) for name in RECORD_COLUMNS if hasattr(self, name)},
            "image": pair.image,
            "depth": pair.depth.data,
            **{name: camera and getattr(camera, name) for name in ("fx", "fy", "cx", "cy")},
            "intrinsics_origin": camera and camera.origin,
        }


def intrinsics_of(row: Mapping[str, Any]) -> Intrinsics | None:
    """Read the camera from a row of the pairs table."""
    if row["fx"] is None:
        return None
    return Intrinsics(row["fx"], row["fy"], row["cx"], row["cy"], row["intrinsics_origin"])


INTRINSICS_COLUMNS = ["fx", "fy", "cx", "cy", "intrinsics_origin"]
RECORD_COLUMNS = [name for name in PAIRS_SCHEMA.names if name not in ("image", "depth")]


_LEAST_MEDIAN = 0.01
"""Metres: what is nearer than that has another unit than was said."""


def inspect_pair(pair: RgbdPair) -> tuple[Photo, PairRecord]:
    """Decode a pair, make sure that it is usable and sum it up.

    Raises:
        PhotoError: the photo cannot be read.
        DepthMapError: the depth map cannot be read, knows nothing, is of another
            unit, or does not fit the photo.
    """
    photo = decode_photo(pair.image, pair.id)
    depth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
    known = depth[np.isfinite(depth)]
    if not known.size:
        raise DepthMapError(f"{pair.id} has no known depth: every pixel is zero, negative or NaN")
    middle = float(np.median(known))
    if middle < _LEAST_MEDIAN:
        raise DepthMapError(
            f"{pair.id} has depth of {1000 * middle:.3g} mm in the median: its unit is probably "
            "another than the one that was given"
        )
    if pair.depth_kind == "z" and not same_aspect(photo.image.shape[:2], depth.shape):
        raise DepthMapError(
            f"{pair.id}: the photo is {size(photo.image.shape)} and its depth map "
            f"{size(depth.shape)}: their aspect ratios differ, so they do not show the same view"
        )
    return photo, _record(pair, photo, depth, known)


def same_aspect(photo: tuple[int, ...], depth: tuple[int, ...]) -> bool:
    """Whether two (height, width) have the same aspect ratio, within `ASPECT_TOLERANCE`."""
    ratio = (photo[1] * depth[0]) / (photo[0] * depth[1])
    return max(ratio, 1 / ratio) <= 1 + ASPECT_TOLERANCE


def size(shape: tuple[int, ...]) -> str:
    """Write (height, width) as people do."""
    return f"{shape[1]}×{shape[0]}"


def sha256(data: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _record(
    pair: RgbdPair, photo: Photo, depth: NDArray[np.float32], known: NDArray[np.float32]
) -> PairRecord:
    return PairRecord(
        id=pair.id,
        source=pair.source,
        split=pair.split,
        scene=pair.scene,
        image_bytes=len(pair.image),
        image_sha256=sha256(pair.image),
        width=photo.image.shape[1],
        height=photo.image.shape[0],
        depth_bytes=len(pair.depth.data),
        depth_sha256=sha256(pair.depth.data),
        depth_unit=pair.depth.unit,
        depth_kind=pair.depth_kind,
        depth_width=depth.shape[1],
        depth_height=depth.shape[0],
        depth_min=float(known.min()),
        depth_median=float(np.median(known)),
        depth_max=float(known.max()),
        depth_known=known.size / depth.size,
        intrinsics=pair.intrinsics or photo.intrinsics,
    )
