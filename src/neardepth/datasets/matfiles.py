"""Opening MATLAB files: the optional packages, and failures as errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neardepth.errors import PoolError

# MATLAB 7.3 writes HDF5. Its chunks may span many images: one image at a time would then unpack
# each chunk as often as it has images. This much memory a field keeps them unpacked.
CHUNK_CACHE_BYTES = 64 << 20
CHUNK_CACHE_SLOTS = 20011


def open_hdf5(path: Path) -> Any:
    """Open a MATLAB 7.3 file for reading, as an ``h5py.File``.

    Raises:
        PoolError: It is missing, damaged or no such file, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise PoolError(_no_package("h5py", path)) from error
    if not path.is_file():
        raise PoolError(f"{path}: there is no such file")
    try:
        # locking=False: archives are often on file systems that cannot lock.
        return h5py.File(
            path,
            "r",
            locking=False,
            rdcc_nbytes=CHUNK_CACHE_BYTES,
            rdcc_nslots=CHUNK_CACHE_SLOTS,
        )
    except OSError as error:
        raise PoolError(
            f"{path} is no MATLAB 7.3 (HDF5) file, or only part of one ({error})"
        ) from error


def load_mat5(path: Path, field: str) -> Any:
    """Read one field of a MATLAB 5 file, as a NumPy array.

    Raises:
        PoolError: The file is missing or damaged, lacks the field, or scipy is not installed.
    """
    try:
        import scipy.io
    except ImportError as error:
        raise PoolError(_no_package("scipy", path)) from error
    if not path.is_file():
        raise PoolError(f"{path}: there is no such file")
    try:
        # Some published files carry bytes after the compressed data, which are harmless;
        # damage inside the data still fails its checksum.
        content = scipy.io.loadmat(
            path, variable_names=[field], verify_compressed_data_integrity=False
        )
    except Exception as error:
        raise PoolError(f"{path} is no MATLAB 5 file, or a damaged one ({error})") from error
    if field not in content:
        raise PoolError(f"{path} lacks the field {field}")
    return content[field]


def _no_package(package: str, path: Path) -> str:
    return f"{path} needs {package} to be read; install it with `pip install 'neardepth[mat]'`"
