"""Stereo pairs as picture files, named so that players know the layout."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, PngImagePlugin

import neardepth
from neardepth.errors import GeometryError
from neardepth.geometry.layouts import LAYOUTS, Layout
from neardepth.geometry.stereo import StereoPair
from neardepth.imaging.files import make_folder, printable, write_file

_SOFTWARE = "neardepth "


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
    info.add_itxt("Software", f"{_SOFTWARE}{neardepth.__version__}")
    paths = layout_paths(folder, stem, layout)
    make_folder(Path(folder), GeometryError)
    for path, picture in zip(paths, layout.arrange(pair.left, pair.right), strict=True):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", pnginfo=info)
        write_file(path, buffer.getvalue(), GeometryError)
    return paths


def layout_paths(folder: str | os.PathLike[str], stem: str, layout: Layout) -> list[Path]:
    """Return the paths of the pictures that `save_layout` writes."""
    return [Path(folder) / f"{stem}{suffix}.png" for suffix in layout.suffixes]


def is_layout(path: Path) -> bool:
    """Whether a file is a picture of `save_layout`, by its name and by what it says of itself.

    A name alone does not tell: ``room_L.png`` may be anybody's photo.
    """
    suffixes = tuple(f"{suffix}.png" for layout in LAYOUTS.values() for suffix in layout.suffixes)
    if not path.name.endswith(suffixes):
        return False
    try:
        with Image.open(path) as picture:
            return str(picture.info.get("Software", "")).startswith(_SOFTWARE)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
