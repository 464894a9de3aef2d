"""Readers of RGB-D sets: each yields references to pairs that are loaded on demand."""

from __future__ import annotations

import os
from pathlib import Path

from neardepth.datasets.folder import folder_pairs, pair_of_files
from neardepth.datasets.make3d import is_make3d, make3d_pairs
from neardepth.datasets.nyuv2 import nyuv2_pairs
from neardepth.datasets.pair import DepthKind, PairRef, RgbdPair, Source
from neardepth.errors import PoolError

__all__ = [
    "DepthKind",
    "PairRef",
    "RgbdPair",
    "Source",
    "folder_pairs",
    "make3d_pairs",
    "nyuv2_pairs",
    "open_raw_source",
    "open_source",
    "pair_of_files",
]


def open_source(
    path: str | os.PathLike[str],
    depth_scale: float = 1000.0,
    depth_kind: DepthKind = "z",
    name: str | None = None,
) -> Source:
    """List the pairs of an NYU Depth v2 `.mat`, a Make3D folder or one with rgb/ and depth/.

    Args:
        path: the file or folder; what it holds says what it is.
        depth_scale: counts per metre of 16-bit PNG depth: 1000 for millimetres, KITTI's is 256.
        depth_kind: what the depth maps of a folder measure; the public sets are known.
        name: name of a folder's pairs in the pool; the folder's own name when None.

    Raises:
        PoolError: there is no such source, or nothing in it is a pair.
    """
    path = Path(path)
    is_mat = path.suffix.lower() == ".mat"
    if not is_mat and not is_make3d(path):
        if path.is_file():
            raise PoolError(
                f"{path} is a file; a source is a folder with rgb/ and depth/, a Make3D folder or "
                "NYU Depth v2's .mat"
            )
        return folder_pairs(path, depth_scale, depth_kind, name)
    source = nyuv2_pairs(path) if is_mat else make3d_pairs(path)
    if name is not None and name != source.name:
        raise PoolError(f"{path} goes by the name {source.name}; only a folder can be given one")
    return source


def open_raw_source(path: str | os.PathLike[str]) -> Source:
    """List the pairs of a source with the sensor's own depth, not the in-painted one.

    Raises:
        PoolError: the source does not keep both.
    """
    if Path(path).suffix.lower() != ".mat":
        raise PoolError(
            f"{path} has no raw depth beside the in-painted, as nyu_depth_v2_labeled.mat does"
        )
    return nyuv2_pairs(path, raw=True)
