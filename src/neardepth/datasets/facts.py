"""`pairs.csv`: what a folder of pairs says of each pair beside its two files."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neardepth.errors import PoolError
from neardepth.imaging.files import read_file
from neardepth.imaging.intrinsics import Intrinsics

FACTS_FILE = "pairs.csv"
SPLITS = ("train", "val", "test")
CAMERA = ("fx", "fy", "cx", "cy")
COLUMNS = ("name", "split", "scene", *CAMERA)


@dataclass(frozen=True)
class PairFacts:
    """One line: the official split, the scene and the camera, each None where it is not given."""

    split: str | None = None
    scene: str | None = None
    intrinsics: Intrinsics | None = None


NO_FACTS = PairFacts()


@dataclass(frozen=True)
class Facts:
    """The whole file: facts by name (the pair's stem), and the line of each."""

    path: Path
    by_name: Mapping[str, PairFacts]
    lines: Mapping[str, int]
    checksum: str | None
    """Of the file; None where there is none."""

    def options(self) -> dict[str, object]:
        """What to add to `Source.options`: a pool cannot go on with another file."""
        return {} if self.checksum is None else {FACTS_FILE: self.checksum}


def read_facts(path: Path) -> Facts:
    """Read a `pairs.csv`; where there is none, nothing is known.

    Columns are ``name`` (the files' stem) and, all optional, ``split`` (train, val or test),
    ``scene`` and ``fx``, ``fy``, ``cx``, ``cy`` (pixels of the upright photo; all four or none).

    Raises:
        PoolError: the file is not such a table; the message names the line.
    """
    if not path.exists():
        return Facts(path, {}, {}, None)
    data = read_file(path, PoolError)
    try:
        rows = list(_numbered(data.decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PoolError(f"{path} is no comma-separated UTF-8 text ({error})") from error
    columns = [cell.strip() for cell in rows[0][1]] if rows else []
    if "name" not in columns or not set(columns) <= set(COLUMNS) or _twice(columns):
        raise PoolError(
            f"{path}, line 1: the columns must be name and any of {', '.join(COLUMNS[1:])}, "
            f"not {', '.join(columns) or 'none'}"
        )
    facts: dict[str, PairFacts] = {}
    lines: dict[str, int] = {}
    for line, cells in rows[1:]:
        where = f"{path}, line {line}"
        if len(cells) != len(columns):
            raise PoolError(f"{where}: {len(cells)} values for {len(columns)} columns")
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        name = row["name"]
        if not name or name in facts:
            again = f"'{name}' is in line {lines[name]} already" if name else "the name is missing"
            raise PoolError(f"{where}: {again}")
        facts[name], lines[name] = _facts(row, where), line
    return Facts(path, facts, lines, hashlib.sha256(data).hexdigest()[:16])


def _numbered(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]


def _facts(row: Mapping[str, str], where: str) -> PairFacts:
    split = row.get("split") or None
    if split is not None and split not in SPLITS:
        raise PoolError(f"{where}: split must be one of {', '.join(SPLITS)}, not '{split}'")
    return PairFacts(split, row.get("scene") or None, _camera(row, where))


def _camera(row: Mapping[str, str], where: str) -> Intrinsics | None:
    given = [row.get(name, "") for name in CAMERA]
    if not any(given):
        return None
    try:
        fx, fy, cx, cy = (float(value) for value in given)
    except ValueError:
        raise PoolError(
            f"{where}: fx, fy, cx and cy must be four numbers or none, not {', '.join(given)}"
        ) from None
    if not (all(map(math.isfinite, (fx, fy, cx, cy))) and fx > 0 and fy > 0):
        raise PoolError(f"{where}: fx and fy must be above 0 pixels, and all four finite")
    return Intrinsics(fx, fy, cx, cy)


def _twice(columns: list[str]) -> bool:
    return len(set(columns)) < len(columns)
