"""Stereo pairs as picture files, named so that players know the layout."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, PngImagePlugin

import neardepth
from neardepth.errors import GeometryError
from neardepth.geometry.layouts import Layout
from neardepth.geometry.stereo import StereoPair
from neardepth.imaging.files import printable, write_file


def save_layout(
    folder: str | os.PathLike[str],
    stem: str,
    layout: Layout,
    pair: StereoPair,
    notes: Sequence[str] = (),
) -> list[Path]:
    """Write the pictures of a layout as PNG and return their paths: STEM, the suffix, ``.png``.

    JPEG's coarse colours would mix the eyes of an anaglyph, and rows that take turns.

    Args:
        folder: where to; made if needed.
        stem: start of the names.
        layout: one of `LAYOUTS`.
        pair: the views.
        notes: lines kept in each file as its ``Comment``.

    Raises:
        GeometryError: a file cannot be written.
    """
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", printable("\n".join(notes)))
    info.add_itxt("Software", f"neardepth {neardepth.__version__}")
    written = []
    pictures = layout.arrange(pair.left, pair.right)
    for suffix, picture in zip(layout.suffixes, pictures, strict=True):
        path = Path(folder) / f"{stem}{suffix}.png"
        make_folder(path.parent)
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", pnginfo=info)
        write_file(path, buffer.getvalue(), GeometryError)
        written.append(path)
    return written


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        GeometryError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise GeometryError(f"{folder} cannot be made: {reason}.") from cause
