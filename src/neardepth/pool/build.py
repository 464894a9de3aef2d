"""Making a pool and changing it: build, add and remove."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neardepth.datasets.pair import PairRef, RgbdPair, Source
from neardepth.encoders import Encoder, Preprocessing, load_encoder
from neardepth.errors import NearDepthError, PoolError
from neardepth.pool.comparison import new_pairs
from neardepth.pool.completion import complete
from neardepth.pool.descriptors import AnyDescriber, DescriptorColumn, same_network
from neardepth.pool.pipeline import Described, Loaded, Progress, describe_all, stacked
from neardepth.pool.schema import PairRecord, inspect_pair
from neardepth.pool.store import Pool
from neardepth.pool.views import make_describer
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
    encoder: Encoder | Sequence[Encoder],
    grid: tuple[int, int] | None,
    *,
    encoder_setting: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build a pool from a source of pairs, or go on where an earlier build of it stopped.

    Pairs are committed as they come, so that an interrupted build leaves a pool that opens. A bad
    pair is named in the report and the rest goes on. Pairs that are there and lack descriptors of
    this encoder and tiling get them.

    Args:
        source: the pairs.
        path: the pool's folder.
        encoder: the network or networks that describe the photos.
        grid: rows and columns of tiles; None for the views of the kernel method.
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
        encoders = [encoder] if isinstance(encoder, Encoder) else encoder
        describers = [make_describer(network, grid) for network in encoders]
        report = _ingest(writer, source, describers, progress)
        outcomes = {each.key: complete(writer, each, progress) for each in describers}
    failed = dict(failure for outcome in outcomes.values() for failure in outcome.failed)
    return replace(
        report,
        failed=(*report.failed, *failed.items()),
        notes=tuple(
            f"{outcome.done} photos that were there were described by {key}"
            for key, outcome in outcomes.items()
            if outcome.done
        ),
    )


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
        pool = writer.pool()
        describers, notes = load_describers(pool.descriptor_columns(), pool.encoder_setting)
        report = _ingest(writer, source, describers, progress)
        return replace(report, notes=notes)


def remove_pairs(path: str | os.PathLike[str], ids: Sequence[str]) -> int:
    """Remove pairs and their descriptors from a pool; an id that is given twice counts once.

    Returns:
        The number of pairs removed.

    Raises:
        PoolError: there is no pool, an id is not in it, or it cannot be written.
    """
    with PoolWriter(path) as writer:
        unique = list(dict.fromkeys(ids))
        writer.remove(unique)
        return len(unique)


def load_describers(
    columns: Sequence[DescriptorColumn], setting: Mapping[str, Any] | None = None
) -> tuple[list[AnyDescriber], tuple[str, ...]]:
    """Load the encoders of descriptor columns; say of each that cannot be loaded why.

    Args:
        columns: the columns.
        setting: the pool's `encoder_setting`, which knows where a network is that was moved.
    """
    describers, notes = [], []
    for column in columns:
        sources = [column.encoder["source"]]
        if setting is not None and same_network(setting, column.encoder):
            sources.append(setting["source"])
        reasons = []
        for source in dict.fromkeys(sources):
            try:
                describers.append(_load_describer(column, source))
                break
            except NearDepthError as error:
                reasons.append(str(error))
        else:
            notes.append(f"descriptors {column.key} are left for later: {reasons[0]}")
    return describers, tuple(notes)


def _load_describer(column: DescriptorColumn, source: str) -> AnyDescriber:
    preprocessing = Preprocessing.from_dict(column.encoder["preprocessing"])
    describer = make_describer(load_encoder(source, preprocessing=preprocessing), column.grid)
    if describer.key != column.key:
        raise PoolError(f"{source} has changed since they were computed")
    return describer


def _ingest(
    writer: PoolWriter,
    source: Source,
    describers: Sequence[AnyDescriber],
    progress: Progress | None,
) -> BuildReport:
    start = time.perf_counter()
    pool = writer.pool()
    new, changed = new_pairs(pool, source)
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
            (describer, stacked(items, index)) for index, describer in enumerate(describers)
        ]
        writer.append([item.subject for item in items], matrices)
        added += len(items)

    def remember() -> None:
        seconds = round(time.perf_counter() - start, 3)
        if added:
            writer.update_settings(last_build={"pairs": added, "seconds": seconds})

    try:
        outcome = describe_all(
            [(ref.id, ref) for ref in new],
            load,
            describers,
            commit,
            lambda done: report(before + done, len(source.pairs)),
        )
    except BaseException:
        with contextlib.suppress(PoolError):  # what went wrong before matters more
            remember()
        raise
    remember()
    failed = (*source.problems, *changed, *outcome.failed)
    return BuildReport(added, skipped, failed, time.perf_counter() - start)


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
    built_from = pool.settings.get("built_from") if len(pool) else _facts(source)
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
