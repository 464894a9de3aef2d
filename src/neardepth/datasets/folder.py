"""A folder with `rgb/` and `depth/`, whose files are paired by their stems, and `pairs.csv`."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from neardepth.datasets.facts import FACTS_FILE, NO_FACTS, PairFacts, read_facts
from neardepth.datasets.pair import DepthKind, PairRef, RgbdPair, Source
from neardepth.errors import PhotoError, PoolError
from neardepth.imaging.depthmaps import load_depth
from neardepth.imaging.files import read_file

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif"})
DEPTH_SUFFIXES = frozenset({".png", ".npy", ".npz", ".tif", ".tiff", ".exr"})

_LAYOUT = (
    "expected are rgb/ with photos and depth/ with depth maps of the same names: 16-bit PNG, "
    "or metres as .npy, .npz, .tif or .exr"
)


def folder_pairs(
    folder: str | os.PathLike[str],
    depth_scale: float = 1000.0,
    depth_kind: DepthKind = "z",
    name: str | None = None,
) -> Source:
    """List the pairs of a folder, in natural order ("2" before "10").

    Where it holds a `pairs.csv` (see `read_facts`), pairs get their split, scene and intrinsics
    from it.

    Args:
        folder: the folder that holds `rgb/` and `depth/`.
        depth_scale: counts per metre of 16-bit PNG depth: 1000 for millimetres, KITTI's is 256.
        depth_kind: what the depth maps measure.
        name: name of the source in the pool; the folder's own name when None.

    Returns:
        The pairs, and each file without its partner or of a stem that is there twice, and each
        line of `pairs.csv` that names no pair.

    Raises:
        PoolError: the folder, rgb/ or depth/ is missing, cannot be listed or has no pair,
            `pairs.csv` is not as it should be, or the depth scale is none.
    """
    _check_scale(depth_scale)
    root = Path(folder)
    photos, problems = _by_stem(root, "rgb", PHOTO_SUFFIXES)
    depths, more = _by_stem(root, "depth", DEPTH_SUFFIXES)
    problems += more
    for own, other, missing in (
        (photos, depths, "depth map in depth/"),
        (depths, photos, "photo in rgb/"),
    ):
        problems += [
            (str(own[stem]), f"{own[stem]} has no {missing} of the same name")
            for stem in sorted(own.keys() - other.keys(), key=natural)
        ]
    stems = sorted(photos.keys() & depths.keys(), key=natural)
    if not stems:
        raise PoolError(
            f"{root} has no pair: {len(photos)} photos in rgb/ and {len(depths)} depth maps in "
            f"depth/ share no name; {_LAYOUT}"
        )
    source = name or root.resolve().name or "pairs"
    facts = read_facts(root / FACTS_FILE)
    problems += [
        (str(facts.path), f"{facts.path}, line {line}: no pair is named '{stem}'")
        for stem, line in facts.lines.items()
        if stem not in photos or stem not in depths
    ]
    pairs = (
        pair_of_files(
            photos[stem],
            depths[stem],
            source,
            depth_scale,
            depth_kind,
            stem=stem,
            facts=facts.by_name.get(stem, NO_FACTS),
        )
        for stem in stems
    )
    options = {"depth_scale": depth_scale, "depth_kind": depth_kind, **facts.options()}
    return Source(source, tuple(pairs), tuple(problems), options)


def pair_of_files(
    photo: str | os.PathLike[str],
    depth: str | os.PathLike[str],
    source: str,
    depth_scale: float = 1000.0,
    depth_kind: DepthKind = "z",
    *,
    stem: str | None = None,
    facts: PairFacts = NO_FACTS,
) -> PairRef:
    """Refer to a single pair by its two files; its id is "<source>/<stem of the photo>".

    Loading raises `PhotoError` or `DepthMapError`, naming the file.

    Raises:
        PoolError: the depth scale is none.
    """
    _check_scale(depth_scale)
    photo_path, depth_path = Path(photo), Path(depth)
    pair_id = f"{source}/{stem or photo_path.stem}"

    def load() -> RgbdPair:
        image = read_file(photo_path, PhotoError)
        depth = load_depth(depth_path, depth_scale)
        return RgbdPair(
            pair_id,
            source,
            image,
            depth,
            depth_kind,
            split=facts.split,
            scene=facts.scene,
            intrinsics=facts.intrinsics,
        )

    try:
        of_photo, of_depth = photo_path.stat(), depth_path.stat()
    except (OSError, ValueError):
        return PairRef(pair_id, load)  # loading says what is wrong with it
    kept_as_is = depth_path.suffix.lower() == ".png"
    # Copying a file may keep the time its content changed, but not that of the file itself.
    times = (of_photo.st_mtime, of_photo.st_ctime, of_depth.st_mtime, of_depth.st_ctime)
    return PairRef(
        pair_id,
        load,
        image_bytes=of_photo.st_size,
        depth_bytes=of_depth.st_size if kept_as_is else None,
        changed=max(times),
    )


def _check_scale(depth_scale: float) -> None:
    if not (math.isfinite(depth_scale) and depth_scale > 0):
        raise PoolError(
            f"a depth scale of {depth_scale:g} counts per metre cannot be: it is a number above 0"
        )


def natural(text: str) -> list[tuple[int, str]]:
    """Sort key that orders the numbers in names by value."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)
    ]


def _by_stem(
    root: Path, name: str, suffixes: frozenset[str]
) -> tuple[dict[str, Path], list[tuple[str, str]]]:
    """Return the files of a subfolder by stem, and those whose stem is taken already."""
    folder = root / name
    found: dict[str, Path] = {}
    problems = []
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError as error:
        missing = folder if root.exists() else root
        raise PoolError(f"{missing} does not exist; {_LAYOUT}") from error
    except NotADirectoryError as error:
        raise PoolError(
            f"{folder if root.is_dir() else root} is not a folder; {_LAYOUT}"
        ) from error
    except OSError as error:
        raise PoolError(f"{folder} cannot be listed: {error.strerror}") from error
    for path in paths:
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        if path.stem in found:
            rival = found[path.stem].name
            problems.append((str(path), f"{path} has the same name as {rival}, which is used"))
        else:
            found[path.stem] = path
    return found, problems
