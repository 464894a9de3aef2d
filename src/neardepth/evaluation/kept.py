"""The pool of an evaluation's own sources: built once, kept in the cache, anew when they change."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from neardepth.datasets import Source
from neardepth.datasets.nyuv2 import SPLITS_FILE
from neardepth.encoders import Encoder
from neardepth.encoders.weights import cache_folder
from neardepth.errors import PoolError
from neardepth.evaluation.experiment import EvaluationError
from neardepth.pool import Pool, Progress, add_pairs, build_pool

_LEVELS = ("*", "*/*", "*/*/*")  # as deep as any layout goes; follows links, unlike "**"


def kept_path(paths: Sequence[str], depth_scale: float) -> Path:
    """Return where the pool of these sources is kept.

    The name holds a hash of the paths and options, and one of all files' sizes and times: changed
    sources have another pool.
    """
    roots = [Path(path).resolve() for path in paths]
    files = [[str(file), *_facts(file)] for root in roots for file in sorted(_files(root))]
    where = [[str(root) for root in roots], depth_scale]
    names = "+".join(root.stem for root in roots)[:60]
    return cache_folder() / "evaluation" / f"{names}-{_hash(where)}-{_hash(files)}.pool"


def build_kept(
    path: Path,
    sources: Sequence[Source],
    encoders: Sequence[Encoder],
    grid: tuple[int, int] | None,
    progress: Progress,
) -> tuple[Pool, tuple[tuple[str, str], ...]]:
    """Build the pool of the sources at ``path`` or go on with it; older ones of theirs go.

    Returns:
        The pool, and what is no usable pair, each with the reason.

    Raises:
        EvaluationError: two sources have one name.
        PoolError: nothing of the sources is usable, or the pool cannot be written.
        KeyboardInterrupt: after everything complete has been committed.
    """
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise EvaluationError(f"two of the sources have the name '{name}': rename a folder")
    total = sum(len(source.pairs) for source in sources)
    failed = [problem for source in sources for problem in source.problems]
    if not path.exists() or len(Pool.open(path)) < total:
        failed = []
        _remove_older(path)
        done = 0

        def report(count: int, _: int) -> None:
            progress(done + count, total)

        for source in sources:
            if done == 0:
                outcome = build_pool(source, path, encoders, grid, progress=report)
            else:
                outcome = add_pairs(path, source, progress=report)
            failed += outcome.failed
            done += len(source.pairs)
    pool = Pool.open(path)
    if not len(pool):
        raise PoolError(f"no pair of {', '.join(names)} can be used: {failed[0][1]}")
    return pool, tuple(failed)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield from (path, path.with_name(SPLITS_FILE))
    else:
        for level in _LEVELS:
            yield from (file for file in path.glob(level) if file.is_file())


def _facts(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _hash(data: object) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:10]


def _remove_older(path: Path) -> None:
    """Remove the pools of the same sources as they were before."""
    stem = path.stem.rpartition("-")[0]
    for other in path.parent.glob(f"{glob.escape(stem)}-*.pool"):
        if other != path:
            shutil.rmtree(other, ignore_errors=True)
