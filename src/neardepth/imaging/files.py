"""Reading and writing whole files with errors that name the file and the reason."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from neardepth.errors import NearDepthError

MAX_BYTES = 2 << 30  # more than an uncompressed 16-bit RGBA photo of the largest size accepted
_MAX_STEM_BYTES = 200  # of a temporary name


def read_file(path: str | os.PathLike[str], error: type[NearDepthError]) -> bytes:
    """Read a regular file; every failure becomes an ``error`` naming it."""
    try:
        status = Path(path).stat()  # before opening, which waits for a named pipe's other end
        if stat.S_ISDIR(status.st_mode):
            raise error(f"{path} is a folder, not a file.")
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{path} is not a regular file.")
        if status.st_size > MAX_BYTES:
            raise error(f"{path} is too large to be a picture: {status.st_size / 1e9:.1f} GB.")
        data = Path(path).read_bytes()
    except FileNotFoundError as cause:
        raise error(f"{path} does not exist.") from cause
    except PermissionError as cause:
        raise error(f"{path} may not be read: permission denied.") from cause
    except (OSError, ValueError) as cause:  # ValueError: a NUL character in the name
        raise error(f"{path} cannot be read: {_reason(cause)}.") from cause
    if not data:
        raise error(f"{path} is empty.")
    return data


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], error: type[NearDepthError]) -> Iterator[Path]:
    """Give a temporary path to write to, moved to ``path`` at the end: readers see all or nothing.

    On any failure the temporary file is removed and an older file at ``path`` stays as it was.
    """
    try:
        target = Path(os.path.realpath(path))  # write through a symbolic link, do not replace it
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "not a regular file"
            raise error(f"{path} cannot be written: it is {kind}.")
        temporary = target.with_name(_temporary_name(target.name))
        try:
            yield temporary
            temporary.replace(target)
        finally:
            with contextlib.suppress(OSError, ValueError):
                temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as cause:
        raise error(f"{path} cannot be written: {_reason(cause)}.") from cause


def write_file(path: str | os.PathLike[str], data: bytes, error: type[NearDepthError]) -> None:
    """Write ``data`` to ``path`` in one step (see :func:`replacing`)."""
    with replacing(path, error) as temporary:
        temporary.write_bytes(data)


def make_folder(folder: Path, error: type[NearDepthError]) -> None:
    """Make a folder and those above it; a failure becomes an ``error`` naming it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as cause:
        raise error(f"{folder} cannot be made: {_reason(cause)}.") from cause


def refuse_inputs(
    targets: Iterable[Path], inputs: Iterable[Path], error: type[NearDepthError]
) -> None:
    """Raise ``error`` where one of the inputs would be overwritten, under whatever name."""
    kept = {identity for path in inputs if (identity := _identity(path)) is not None}
    for target in targets:
        if _identity(target) in kept:
            raise error(
                f"{target} would be written and is one of the inputs: name another folder with "
                "--output."
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def printable(text: str) -> str:
    r"""Escape what UTF-8 cannot hold: file names of other encodings carry lone surrogates.

    The escapes (``\udcff``) are those of JSON, so that JSON text stays loadable.
    """
    return text.encode(errors="backslashreplace").decode()


def _temporary_name(name: str) -> str:
    """Name a hidden file after ``name``, within the 255 bytes that file systems allow."""
    start = os.fsencode(name)[:_MAX_STEM_BYTES].decode(errors="ignore")
    return f".{start}.{secrets.token_hex(4)}.tmp"


def _reason(cause: Exception) -> str:
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
