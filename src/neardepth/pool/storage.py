"""Lance tables and the settings file of a pool, with errors that name the path and the reason."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import lance
import pyarrow as pa

from neardepth.errors import PoolError
from neardepth.imaging.files import replacing

Result = TypeVar("Result")

_ATTEMPTS = 3
_ROWS_A_FRAGMENT = 1024
_SMALL_FRAGMENTS = 64
_ROWS_AT_A_TIME = 16  # photos may be of many megabytes


@contextlib.contextmanager
def errors_of(path: Path, doing: str) -> Iterator[None]:
    """Turn whatever Lance or the system raises into a `PoolError`: "<path> cannot be <doing>".

    Lance's own errors are OSError, ValueError, RuntimeError or Arrow's, by no rule to rely on;
    a defect in it shows as `PanicException`, which is no `Exception`.
    """
    try:
        yield
    except PoolError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise PoolError(f"{path} cannot be {doing}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    text = str(error)
    number = getattr(error, "errno", None) or _found(r"\(os error (\d+)\)", text)
    if number:
        return os.strerror(int(number)).lower()
    if "Not found" in text or "was not found" in text:
        return "a part of it is missing"
    return re.split(r", /|\n", text)[0][:200] or type(error).__name__


def _found(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text)
    return match.group(1) if match else None


def open_table(path: Path) -> Any:
    """Open the newest version of a Lance table.

    Raises:
        PoolError: it is missing or damaged.
    """

    def read() -> Any:
        with errors_of(path, "read"):
            return lance.dataset(str(path))

    return persistently(read) if path.is_dir() else read()


def persistently(read: Callable[[], Result]) -> Result:
    """Read again where it fails: a writer may just have replaced the version that was found.

    Raises:
        PoolError: it keeps failing.
    """
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(PoolError):
            return read()
        time.sleep(0.02)
    return read()


def create_table(path: Path, schema: pa.Schema) -> None:
    """Create an empty Lance table, so that it is either there and opens or not there at all.

    Raises:
        PoolError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with errors_of(path, "created"):
        try:
            lance.write_dataset(schema.empty_table(), str(temporary))
            temporary.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def read_rows(table: Any, rows: Sequence[int], columns: Sequence[str]) -> pa.Table:
    """Read rows of a Lance table, in the order given.

    Scans are as fast and are not used: pylance hands them over as a C stream, and where the text
    of an error has a null byte in it, as that of a damaged file may, it aborts the process
    (pylance 14).
    """
    return table.take(list(rows), columns=list(columns))


def append_rows(path: Path, rows: pa.Table) -> None:
    """Append rows to a Lance table in one step: readers see all of them or none.

    Raises:
        PoolError: they cannot be written; the table is as it was.
    """
    with errors_of(path, "written"):
        lance.write_dataset(rows, str(path), mode="append")


def delete_rows(path: Path, ids: list[str]) -> None:
    """Delete the rows of these ids from a Lance table.

    Raises:
        PoolError: the table cannot be written.
    """
    for start in range(0, len(ids), 500):
        quoted = ", ".join(
            "'" + pair_id.replace("'", "''") + "'" for pair_id in ids[start : start + 500]
        )
        with errors_of(path, "written"):
            open_table(path).delete(f"id IN ({quoted})")


def tidy(path: Path, *, reclaim: bool = False) -> None:
    """Merge small files of a Lance table and drop what no longer belongs to it.

    Only for the one writer: files of killed writers go too.

    Args:
        path: the table.
        reclaim: merge in any case, so that the space of deleted rows is freed.

    Raises:
        PoolError: the table cannot be written.
    """
    with errors_of(path, "written"):
        table = lance.dataset(str(path))
        counts = [fragment.count_rows() for fragment in table.get_fragments()]
        if reclaim or sum(count < _ROWS_A_FRAGMENT for count in counts) > _SMALL_FRAGMENTS:
            table.optimize.compact_files(
                target_rows_per_fragment=_ROWS_A_FRAGMENT,
                materialize_deletions_threshold=0.0,
                batch_size=_ROWS_AT_A_TIME,
            )
        table.cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)


def read_json(path: Path) -> dict[str, Any]:
    """Read a settings file.

    Raises:
        PoolError: it is missing or damaged.
    """
    with errors_of(path, "read"):
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise PoolError(f"{path} is damaged: it holds no settings")
        return data


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a settings file in one step.

    Raises:
        PoolError: it cannot be written; an older one stays.
    """
    with replacing(path, PoolError) as temporary:
        temporary.write_text(
            json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
