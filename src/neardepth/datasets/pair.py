"""One photo with its depth map, and references to pairs that are loaded on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from neardepth.imaging.depthmaps import EncodedDepth
from neardepth.imaging.intrinsics import Intrinsics

DepthKind = Literal["z", "ray"]
"""What a depth map measures: distance along the optical axis, or along each pixel's ray."""


@dataclass(frozen=True)
class RgbdPair:
    """A photo with its depth map, both encoded as files, and where they come from.

    ``depth.unit`` is metres per count. ``intrinsics`` are in pixels of the upright photo.
    """

    id: str
    """Unique in a pool: "<source>/<name>", for example "nyuv2-train/0003"."""
    source: str
    image: bytes
    depth: EncodedDepth
    depth_kind: DepthKind = "z"
    split: str | None = None
    scene: str | None = None
    intrinsics: Intrinsics | None = None


@dataclass(frozen=True)
class PairRef:
    """A pair known by its id before anything of it is read.

    ``load`` may be called from any thread and raises a `NearDepthError` that names the file.
    """

    id: str
    load: Callable[[], RgbdPair]
    image_bytes: int | None = None
    """Size of the photo's file where it is known for free: tells a changed photo of the same id."""
    depth_bytes: int | None = None
    """Size of the depth map as a pool keeps it, where it is known for free."""
    changed: float | None = None
    """When its files last changed, seconds since the epoch, where that is known for free."""


@dataclass(frozen=True)
class Source:
    """The pairs of one data set or folder.

    ``problems`` are the files that make no pair, each with the reason: a photo without a depth
    map, or the other way round. ``options`` are the settings it is read with that change the
    pairs; a pool can be continued only with the same.
    """

    name: str
    pairs: tuple[PairRef, ...]
    problems: tuple[tuple[str, str], ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
