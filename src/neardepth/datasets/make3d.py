"""Make3D: outdoor photos with laser range, 400 for training and 134 for testing.

``img-STEM.jpg`` (portrait, 1704 wide, 2272 high) belongs to ``depth_sph_corr-STEM.mat`` (MATLAB 5,
``Position3DGrid`` 55×305×4). Its fourth channel is the range along the ray, up to about 80 m, row 0
at the top: neither flipped nor rotated. Scene: what the names of a panorama's frames share.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.matfiles import load_mat5
from neardepth.datasets.pair import PairRef, RgbdPair, Source
from neardepth.errors import PhotoError, PoolError
from neardepth.imaging.depthmaps import encode_depth
from neardepth.imaging.files import read_file

SOURCE = "make3d"
COUNTS = {"train": 400, "test": 134}
PAGE_URL = "http://make3d.cs.cornell.edu/data.html"
GRID = (55, 305, 4)
MAX_RANGE = 100.0  # metres; the laser's cap is 80 to 81

# Folders as the archives unpack and as loaders rename them; the first that has files is used.
PHOTO_FOLDERS = {
    "train": ("Train400Img",),
    "test": ("Test134Img", "Test134", "Test134Img/Test134", "Test134/Test134"),
}
RANGE_FOLDERS = {
    "train": ("Train400Depth",),
    "test": ("Test134Depth/Gridlaserdata", "Test134Depth", "Gridlaserdata"),
}
PREFIXES = re.compile(r"^(img|depth_sph_corr)-")
DATE = re.compile(r"^\d+\.\d+(?=[a-z])")  # "10.21" in "10.21op2-p-046t000"


@dataclass(frozen=True)
class Make3dFiles:
    """The two files of one pair."""

    stem: str
    split: str
    photo: Path
    ranges: Path

    @property
    def id(self) -> str:
        """Unique in a pool."""
        return f"{SOURCE}/{self.stem}"

    @property
    def scene(self) -> str:
        """The panorama: "op10" of "op10-p-313t000"."""
        return self.stem.partition("-p-")[0]


def is_make3d(folder: str | os.PathLike[str]) -> bool:
    """Tell by its subfolders' names whether a folder is a Make3D set."""
    folders = (name for split in COUNTS for name in PHOTO_FOLDERS[split])
    return any(Path(folder, name).is_dir() for name in folders)


def make3d_pairs(folder: str | os.PathLike[str]) -> Source:
    """List the pairs below a folder, ids ``make3d/STEM``, and the files without a partner.

    Args:
        folder: Holds ``Train400Img`` and ``Train400Depth``, the test set's folders, or both.

    Raises:
        PoolError: There are no such folders, or no pair in them. A damaged file shows when its
            pair is loaded.
    """
    found, problems = find_files(folder)
    pairs = (PairRef(f.id, _Loader(f), f.photo.stat().st_size) for f in found)
    return Source(SOURCE, tuple(pairs), tuple(problems))


def find_files(
    folder: str | os.PathLike[str],
) -> tuple[list[Make3dFiles], list[tuple[str, str]]]:
    """Find the pairs below a folder without reading them, and the files that make no pair."""
    root = Path(folder)
    found: list[Make3dFiles] = []
    problems: list[tuple[str, str]] = []
    for split in COUNTS:
        photos = _by_stem(root, PHOTO_FOLDERS[split], ".jpg")
        ranges = _by_stem(root, RANGE_FOLDERS[split], ".mat")
        partners = _partners(photos, ranges)
        found += [Make3dFiles(s, split, photos[s], ranges[r]) for s, r in partners.items()]
        lonely = {photos[stem]: "depth" for stem in photos.keys() - partners.keys()}
        lonely |= {ranges[stem]: "photo" for stem in ranges.keys() - set(partners.values())}
        problems += [
            (str(path), f"{path} has no {other} of the same name")
            for path, other in sorted(lonely.items())
        ]
    if not found:
        raise PoolError(
            f"{root} has no Make3D pairs; it must hold Train400Img and Train400Depth, or Test134Img"
            f" and Gridlaserdata, as unpacked from {PAGE_URL}"
        )
    return found, problems


def check_complete(folder: str | os.PathLike[str]) -> None:
    """Make sure that the set below a folder is the full one: 400 training and 134 test pairs.

    Raises:
        PoolError: A split has fewer or more pairs, or a pair is in both.
    """
    stems: dict[str, set[str]] = {split: set() for split in COUNTS}
    for files in find_files(folder)[0]:
        stems[files.split].add(files.stem)
    for split, expected in COUNTS.items():
        if len(stems[split]) != expected:
            raise PoolError(f"{folder} has {len(stems[split])} {split} pairs instead of {expected}")
    if both := stems["train"] & stems["test"]:
        raise PoolError(f"{folder}: {min(both)} is a training and a test pair")


def read_range(path: Path) -> NDArray[np.float32]:
    """Read a laser scan: 55×305 metres along the ray, NaN where unknown.

    Raises:
        PoolError: The file is missing, damaged or holds something else.
    """
    grid = np.asarray(load_mat5(path, "Position3DGrid"))
    if grid.shape != GRID or grid.dtype.kind != "f":
        raise PoolError(
            f"{path}: Position3DGrid must be {GRID} floats, not {grid.shape} {grid.dtype}"
        )
    ranges = grid[..., 3].astype(np.float32)
    ranges[~(np.isfinite(ranges) & (ranges > 0))] = np.nan
    if np.isnan(ranges).all() or np.nanmax(ranges) > MAX_RANGE:
        raise PoolError(f"{path}: the fourth channel is no range in metres up to {MAX_RANGE:.0f}")
    return ranges


@dataclass(frozen=True)
class _Loader:
    files: Make3dFiles

    def __call__(self) -> RgbdPair:
        files = self.files
        return RgbdPair(
            id=files.id,
            source=SOURCE,
            image=read_file(files.photo, PhotoError),
            depth=encode_depth(read_range(files.ranges)),
            depth_kind="ray",
            split=files.split,
            scene=files.scene,
        )


def _by_stem(root: Path, folders: Iterable[str], suffix: str) -> dict[str, Path]:
    """Map the stems of the first folder that has such files, in order, to them."""
    for folder in folders:
        files = sorted(
            f for f in (root / folder).glob("*") if f.suffix.lower() == suffix and f.name[0] != "."
        )
        if files:
            return {PREFIXES.sub("", file.stem): file for file in files}
    return {}


def _partners(photos: Iterable[str], ranges: Iterable[str]) -> dict[str, str]:
    """Pair stems that are equal, then those that differ by a leading date only, if unambiguous."""
    available = set(ranges)
    partners = {stem: stem for stem in photos if stem in available}
    left = [stem for stem in photos if stem not in partners]
    spare = available - partners.keys()
    for stem in left:
        alike = [other for other in spare if DATE.sub("", other) == DATE.sub("", stem)]
        rivals = [other for other in left if DATE.sub("", other) == DATE.sub("", stem)]
        if len(alike) == len(rivals) == 1:
            partners[stem] = alike[0]
    return dict(sorted(partners.items()))
