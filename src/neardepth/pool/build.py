"""Making a pool and changing it: build, add and remove."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neardepth.datasets.pair import PairRef, RgbdPair, Source
from neardepth.encoders import Encoder, Preprocessing, load_encoder
from neardepth.errors import NearDepthError, PoolError
from neardepth.pool.descriptors import Describer, DescriptorColumn
from neardepth.pool.pipeline import Described, Loaded, Progress, describe_all
from neardepth.pool.schema import PairRecord, inspect_pair
from neardepth.pool.store import Pool
from neardepth.pool.writer import PoolWriter

Inspected = tuple[RgbdPair, PairRecord]


@dataclass(frozen=True)
class BuildReport:
    """What building, adding or encoding did."""

    added: int
    """Pairs (or descriptors) that are in the pool now and were not before."""
    skipped: int
    """Those that were there already."""
    failed: tuple[tuple[str, str], ...]
    """What failed: its id or file, and why."""
    seconds: float
    notes: tuple[str, ...] = ()
    """What was left out without being a failure."""

    @property
    def seconds_per_image(self) -> float | None:
        """Mean time of an added image, None where nothing was added."""
        return self.seconds / self.added if self.added else None


def build_pool(
    source: Source,
    path: str | os.PathLike[str],
    encoder: Encoder,
    grid: tuple[int, int],
    *,
    encoder_setting: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build a pool from a source of pairs, or go on where an earlier build of it stopped.

    Pairs are committed as they come, so that an interrupted build leaves a pool that opens. A bad
    pair is named in the report and the rest goes on.

    Args:
        source: the pairs.
        path: the pool's folder.
        encoder: the network that describes tiles.
        grid: rows and columns of tiles.
        encoder_setting: `Encoder.info` where the user chose the encoder for this pool; every
            method then uses it.
        progress: told the number of pairs done and in all.

    Raises:
        PoolError: something else is at ``path``, such as a pool of another source, or it cannot
            be written.
        KeyboardInterrupt: after everything complete has been committed.
    """
    folder = Path(path)
    if not _is_pool(folder):
        Pool.create(folder, encoder_setting)
    with PoolWriter(folder) as writer:
        _same_build(writer.pool(), source, encoder_setting)
        writer.update_settings(built_from=_facts(source))
        return _ingest(writer, source, [Describer(encoder, grid)], progress)


def add_pairs(
    path: str | os.PathLike[str], source: Source, *, progress: Progress | None = None
) -> BuildReport:
    """Add the pairs of a source to a pool, with every descriptor that the pool keeps.

    A descriptor column whose encoder cannot be loaded now is left for later, with a note.

    Raises:
        PoolError: there is no pool, or it cannot be written.
        KeyboardInterrupt: after everything complete has been committed.
    """
    with PoolWriter(path) as writer:
        describers, notes = load_describers(writer.pool().descriptor_columns())
        report = _ingest(writer, source, describers, progress)
        return replace(report, notes=notes)


def remove_pairs(path: str | os.PathLike[str], ids: Sequence[str]) -> None:
    """Remove pairs and their descriptors from a pool.

    Raises:
        PoolError: there is no pool, an id is not in it, or it cannot be written.
    """
    with PoolWriter(path) as writer:
        writer.remove(ids)


def load_describers(
    columns: Sequence[DescriptorColumn],
) -> tuple[list[Describer], tuple[str, ...]]:
    """Load the encoders of descriptor columns; say of each that cannot be loaded why."""
    describers, notes = [], []
    for column in columns:
        try:
            preprocessing = Preprocessing.from_dict(column.encoder["preprocessing"])
            encoder = load_encoder(column.encoder["source"], preprocessing=preprocessing)
        except NearDepthError as error:
            notes.append(f"descriptors {column.key} are left for later: {error}")
            continue
        describer = Describer(encoder, column.grid)
        if describer.fingerprint == column.fingerprint:
            describers.append(describer)
        else:
            notes.append(
                f"descriptors {column.key} are left for later: "
                f"{column.encoder['source']} has changed since they were computed"
            )
    return describers, tuple(notes)


def _ingest(
    writer: PoolWriter,
    source: Source,
    describers: Sequence[Describer],
    progress: Progress | None,
) -> BuildReport:
    start = time.perf_counter()
    pool = writer.pool()
    new, changed = _new_pairs(pool, source)
    skipped = len(source.pairs) - len(new) - len(changed)
    report: Callable[[int, int], None] = progress or (lambda done, total: None)
    before = len(source.pairs) - len(new)
    report(before, len(source.pairs))

    def load(ref: PairRef) -> Loaded[Inspected]:
        pair = ref.load()
        photo, record = inspect_pair(pair)
        return Loaded(photo, (pair, record), len(pair.image) + len(pair.depth.data))

    added = 0

    def commit(items: list[Described[Inspected]]) -> None:
        nonlocal added
        matrices = [
            (describer, np.stack([item.descriptors[index] for item in items]))
            for index, describer in enumerate(describers)
        ]
        writer.append([item.subject for item in items], matrices)
        added += len(items)

    try:
        outcome = describe_all(
            [(ref.id, ref) for ref in new],
            load,
            describers,
            commit,
            lambda done: report(before + done, len(source.pairs)),
        )
    finally:
        seconds = time.perf_counter() - start
        if added:
            writer.update_settings(last_build={"pairs": added, "seconds": round(seconds, 3)})
    failed = (*source.problems, *changed, *outcome.failed)
    return BuildReport(added, skipped, failed, seconds)


def _new_pairs(pool: Pool, source: Source) -> tuple[list[PairRef], list[tuple[str, str]]]:
    """Return the pairs that the pool lacks, and those of which it has another photo."""
    sizes = {}
    if len(pool):
        table = pool.table(["id", "image_bytes"])
        sizes = dict(zip(table["id"].to_pylist(), table["image_bytes"].to_pylist(), strict=True))
    new, changed = [], []
    seen: set[str] = set()
    for ref in source.pairs:
        if ref.id in seen:
            changed.append((ref.id, f"{ref.id} is twice in {source.name}; the first one is used"))
        elif ref.id not in sizes:
            new.append(ref)
        elif ref.image_bytes not in (None, sizes[ref.id]):
            changed.append(
                (
                    ref.id,
                    f"{pool.path} has another photo as {ref.id}: remove that one first, or give "
                    "the source another name",
                )
            )
        seen.add(ref.id)
    return new, changed


def _is_pool(folder: Path) -> bool:
    try:
        Pool.open(folder)
    except PoolError:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise
        return False
    return True


def _facts(source: Source) -> dict[str, Any]:
    return {"name": source.name, "options": dict(source.options)}


def _same_build(pool: Pool, source: Source, encoder_setting: dict[str, Any] | None) -> None:
    """Make sure that the pool is an earlier, perhaps unfinished, build of the same."""
    built_from = pool.settings.get("built_from")
    if built_from is None and not len(pool):
        built_from = _facts(source)
    if built_from is None or built_from["name"] != source.name:
        name = built_from["name"] if built_from else "other pairs"
        raise PoolError(
            f"{pool.path} was built from {name}; to put {source.name} into it as well run "
            f"`neardepth pool add {pool.path}` with that source"
        )
    if built_from != _facts(source):
        raise PoolError(
            f"{pool.path} was built from {source.name} with {built_from['options']}, not with "
            f"{dict(source.options)}; build another pool, or delete this one first"
        )
    if _identity(pool.encoder_setting) != _identity(encoder_setting):
        chosen = pool.encoder_setting["name"] if pool.encoder_setting else "no encoder chosen"
        raise PoolError(
            f"{pool.path} was built with {chosen}; go on with the same, or add descriptors of "
            f"another with `neardepth pool encode {pool.path}`"
        )


def _identity(setting: dict[str, Any] | None) -> str | None:
    """What makes an encoder the same one, wherever its file is; as JSON, like in pool.json."""
    if setting is None:
        return None
    return json.dumps([setting[key] for key in ("name", "weights_hash", "preprocessing")])
