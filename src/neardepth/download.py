"""Downloads that continue where they broke off and are checked before anybody sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from filelock import FileLock

from neardepth.errors import NearDepthError

_TIMEOUT = (10, 30)  # seconds to connect; seconds between two pieces
_PIECE = 1 << 14  # what is lost of a connection that drops, at most


class DownloadError(NearDepthError):
    """A file could not be fetched; the text is the reason."""


def download(url: str, path: Path, sha256: str) -> str:
    """Fetch a file, with a progress bar on standard error.

    What has arrived stands in ``path`` + ".part" until it is complete and checked; after a
    dropped connection, at once or in a later call, the rest is asked for (HTTP Range). Of several
    processes one fetches and the others wait for it.

    Args:
        url: the address.
        path: where the file goes; an older file there is replaced.
        sha256: SHA-256 of the file in hex, or its beginning.

    Returns:
        The whole SHA-256, in hex.

    Raises:
        DownloadError: no connection, no such file, nowhere to write to, or the file is not the
            one expected, in which case nothing of it is kept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            return _fetch(url, path, sha256)
    except OSError as error:  # requests' own errors are translated below
        raise DownloadError(f"{path.parent} cannot be written ({error.strerror})") from error


def _fetch(url: str, path: Path, sha256: str) -> str:
    if path.is_file():  # another process fetched it while this one waited
        digest = sha256_of(path)
        if digest.startswith(sha256):
            return digest
    part = path.with_name(f"{path.name}.part")
    with _progress_bar(path.name) as report:
        while True:
            before = _size(part)
            try:
                _transfer(url, part, report)
                break
            except requests.RequestException as error:
                # Try again only as long as each attempt brings something.
                if _size(part) <= before:
                    kept = f"; {before / 1e6:.1f} MB are kept for the next try" if before else ""
                    raise DownloadError(_reason(error) + kept) from error
    digest = sha256_of(part)
    if not digest.startswith(sha256):
        part.unlink()
        raise DownloadError(
            f"what came is not the file (its SHA-256 starts with {digest[:8]}, not {sha256[:8]})"
        )
    part.replace(path)
    return digest


def _transfer(url: str, part: Path, report: Callable[[int, int | None], None]) -> None:
    """Append the rest of the file to ``part``, or write it anew where the server sends it whole."""
    have = _size(part)
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable and have:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return  # it was complete
            part.unlink()  # not a beginning of this file
            _transfer(url, part, report)
            return
        response.raise_for_status()
        continues = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code != requests.codes.partial_content or not continues:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        with part.open("ab" if have else "wb") as file:
            for piece in response.iter_content(_PIECE):
                file.write(piece)
                have += len(piece)
                report(have, total)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.SSLError):
        return "the secure connection failed"
    if isinstance(error, requests.Timeout):
        return "the server does not answer in time"
    return "there is no connection, or it broke off"


@contextmanager
def _progress_bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as Speed

    text = TextColumn("{task.description}")
    columns = (text, BarColumn(), DownloadColumn(), Speed(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
