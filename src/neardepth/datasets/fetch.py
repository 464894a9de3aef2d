"""The public data sets that `neardepth data list` names and `neardepth data fetch` gets."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from neardepth.datasets import make3d, nyuv2
from neardepth.download import DownloadError, download, sha256_of
from neardepth.errors import PoolError

ARCHIVES = (".tar.gz", ".tgz")


@dataclass(frozen=True)
class RemoteFile:
    """A published file; size and checksum where they are known."""

    name: str
    url: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class DataSet:
    """A data set: where it is published and what makes it complete."""

    name: str
    summary: str
    page: str
    size: str
    files: tuple[RemoteFile, ...]
    source: str
    """What to name as the source below the folder it was fetched to."""
    check: Callable[[Path], None]
    """Raises `PoolError` unless the source is there and complete."""


_STANFORD = "http://cs.stanford.edu/group/reconstruction3d"
_CORNELL = "http://www.cs.cornell.edu/~asaxena/learningdepth"

DATA_SETS: dict[str, DataSet] = {
    data_set.name: data_set
    for data_set in (
        DataSet(
            name="nyuv2",
            summary="NYU Depth v2: 1449 indoor pairs of 464 scenes, official split 795 / 654",
            page="https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html",
            size="3.0 GB",
            files=(
                RemoteFile(
                    nyuv2.SPLITS_FILE,
                    nyuv2.SPLITS_URL,
                    size=2626,
                    sha256="6e081404491a8bfba2f066beaa9713ef6046f9007aa5f799f2a350506a580cee",
                ),
                RemoteFile(
                    nyuv2.LABELLED_FILE,
                    nyuv2.LABELLED_URL,
                    size=2_972_037_809,
                    sha256="2d724b0c0ab358aa1ce5df855e5bd14a2279ab7202efe22f32a30d612dcb86aa",
                ),
            ),
            source=nyuv2.LABELLED_FILE,
            check=nyuv2.check_complete,
        ),
        DataSet(
            name="make3d",
            summary="Make3D: 534 outdoor pairs with laser range up to 80 m, split 400 / 134",
            page=make3d.PAGE_URL,
            size="about 1 GB",
            # Neither sizes nor checksums are published: the content is checked instead.
            files=(
                RemoteFile("Train400Img.tar.gz", f"{_STANFORD}/Train400Img.tar.gz"),
                RemoteFile("Train400Depth.tgz", f"{_STANFORD}/Train400Depth.tgz"),
                RemoteFile("Test134.tar.gz", f"{_CORNELL}/Test134.tar.gz"),
                RemoteFile("Test134Depth.tar.gz", f"{_CORNELL}/Test134Depth.tar.gz"),
            ),
            source="",
            check=make3d.check_complete,
        ),
    )
}


def find_data_set(name: str) -> DataSet:
    """Look a data set up.

    Raises:
        PoolError: There is none of that name; the message lists those there are.
    """
    if name not in DATA_SETS:
        raise PoolError(f"there is no data set '{name}'; choose one of {', '.join(DATA_SETS)}")
    return DATA_SETS[name]


def fetch(
    data_set: DataSet,
    folder: str | os.PathLike[str],
    *,
    from_dir: str | os.PathLike[str] | None = None,
) -> Path:
    """Fetch a data set, unpack it and check that it is complete; nothing is fetched twice.

    Args:
        data_set: From `DATA_SETS`.
        folder: Where to put it; made where it does not exist.
        from_dir: Take the files from this folder, fetched there by hand, not from the network.

    Returns:
        The path to use as a source.

    Raises:
        PoolError: A file cannot be fetched, is another than the published one, is missing in
            ``from_dir``, or the set is not complete.
    """
    folder = Path(folder)
    source = folder / data_set.source
    with suppress(PoolError):
        data_set.check(source)
        return source
    archives = []
    for remote in data_set.files:
        if from_dir is not None:
            path = _by_hand(remote, Path(from_dir))
        else:
            path = _download(remote, folder)
        if remote.name.endswith(ARCHIVES):
            unpack(path, folder, remote, keep=from_dir is not None)
            archives.append(path)
        else:
            _place(path, folder / remote.name)
    data_set.check(source)
    if from_dir is None:
        for archive in archives:
            archive.unlink()
        for remote in data_set.files:
            (folder / f"{remote.name}.lock").unlink(missing_ok=True)
    return source


def verify(remote: RemoteFile, path: Path) -> None:
    """Compare a file with the published size and checksum, where there are any.

    Raises:
        PoolError: It is another file.
    """
    size = path.stat().st_size
    if remote.size is not None and size != remote.size:
        wrong = f"has {size} bytes instead of {remote.size}"
    elif remote.sha256 is not None and sha256_of(path) != remote.sha256:
        wrong = "has another checksum than the published file"
    else:
        return
    raise PoolError(f"{path} {wrong}; remove it and fetch {remote.url} anew")


def unpack(archive: Path, folder: Path, remote: RemoteFile, *, keep: bool) -> None:
    """Unpack a .tar.gz archive once its checksum holds; members must not lead out of the folder.

    Args:
        archive: The file.
        folder: Where to unpack it.
        remote: Where it comes from, for the message.
        keep: Leave a damaged archive in place; else it is removed, to be fetched anew.

    Raises:
        PoolError: The archive is damaged or unsafe, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with gzip.open(archive) as stream:
            while stream.read(1 << 20):  # to its checksum, before anything is unpacked
                pass
            stream.seek(0)
            with tarfile.open(fileobj=stream, mode="r:") as file:
                file.extractall(folder, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        if not keep:
            archive.unlink()
        raise PoolError(f"{archive} is damaged ({error}); fetch {remote.url} anew") from error
    except OSError as error:
        raise PoolError(f"{archive} cannot be unpacked to {folder}: {error}") from error


def _download(remote: RemoteFile, folder: Path) -> Path:
    path = folder / remote.name
    if path.exists():
        verify(remote, path)
        return path
    try:
        download(remote.url, path, remote.sha256 or "")
    except DownloadError as error:
        raise PoolError(
            f"{remote.url} could not be fetched: {error}; try again, or fetch {remote.name} by hand"
            " and name its folder with --from-dir"
        ) from error
    return path


def _by_hand(remote: RemoteFile, folder: Path) -> Path:
    path = folder / remote.name
    if not path.is_file():
        raise PoolError(f"{path} is missing; fetch it from {remote.url}")
    verify(remote, path)
    return path


def _place(path: Path, target: Path) -> None:
    """Link a file to its place, or copy it where that is another disk."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(path):
            return
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, target)
    except OSError as error:
        raise PoolError(f"{target} cannot be written: {error.strerror or error}") from error
