"""Readers of RGB-D sets: each yields references to pairs that are loaded on demand."""

from __future__ import annotations

import os
from pathlib import Path

from neardepth.datasets.folder import folder_pairs, pair_of_files
from neardepth.datasets.pair import DepthKind, PairRef, RgbdPair, Source
from neardepth.errors import PoolError

__all__ = [
    "DepthKind",
    "PairRef",
    "RgbdPair",
    "Source",
    "folder_pairs",
    "open_source",
    "pair_of_files",
]


def open_source(
    path: str | os.PathLike[str],
    depth_scale: float = 1000.0,
    depth_kind: DepthKind = "z",
    name: str | None = None,
) -> Source:
    """List the pairs of a folder with rgb/ and depth/.

    Args:
        path: the folder.
        depth_scale: counts per metre of 16-bit PNG depth: 1000 for millimetres, KITTI's is 256.
        depth_kind: what the depth maps measure.
        name: name of the source in the pool; the folder's own name when None.

    Raises:
        PoolError: there is no such source, or nothing in it is a pair.
    """
    if Path(path).is_file():
        raise PoolError(f"{path} is a file; a source is a folder with rgb/ and depth/ in it")
    return folder_pairs(path, depth_scale, depth_kind, name)
