"""Two views in one picture, as screens, players and glasses want them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.errors import MethodError

Image = NDArray[np.uint8]

# E. Dubois, "Conversion of a stereo pair to anaglyph with the least-squares projection method"
# (2009): red-cyan glasses before a typical LCD; rows are red, green and blue of linear light.
DUBOIS_LEFT = np.array(
    [[0.437, 0.449, 0.164], [-0.062, -0.062, -0.024], [-0.048, -0.050, -0.017]], np.float32
)
DUBOIS_RIGHT = np.array(
    [[-0.011, -0.032, -0.007], [0.377, 0.761, 0.009], [-0.026, -0.093, 1.234]], np.float32
)


@dataclass(frozen=True)
class Layout:
    """A way to put two views together.

    Attributes:
        name: as on the command line.
        suffixes: endings of the file names, before the format's: one a picture.
        arrange: makes the pictures, as many as there are suffixes, of the left and the right view.
        about: in a few words.
        mixed: whether neighbouring pixels or a pixel's colours are of both eyes, so that coarse
            colours would mix these.
    """

    name: str
    suffixes: tuple[str, ...]
    arrange: Callable[[Image, Image], tuple[Image, ...]]
    about: str
    mixed: bool = False


def side_by_side(left: Image, right: Image) -> Image:
    """Return H×2W×3: the left view left."""
    return np.hstack([left, right])


def half_side_by_side(left: Image, right: Image) -> Image:
    """Return H×W×3: each view squeezed to half its width, the left view left."""
    height, width = left.shape[:2]
    return np.hstack(
        [_squeeze(left, height, (width + 1) // 2), _squeeze(right, height, width // 2)]
    )


def cross_eyed(left: Image, right: Image) -> Image:
    """Return H×2W×3: the right view left, for eyes that cross."""
    return np.hstack([right, left])


def top_bottom(left: Image, right: Image) -> Image:
    """Return 2H×W×3: the left view on top."""
    return np.vstack([left, right])


def half_top_bottom(left: Image, right: Image) -> Image:
    """Return H×W×3: each view squeezed to half its height, the left view on top."""
    height, width = left.shape[:2]
    return np.vstack(
        [_squeeze(left, (height + 1) // 2, width), _squeeze(right, height // 2, width)]
    )


def interlaced(left: Image, right: Image) -> Image:
    """Return H×W×3 of rows in turns, the first one the left view's (polarised screens)."""
    picture: Image = left.copy()
    picture[1::2] = right[1::2]
    return picture


Colours = Literal["colour", "grey", "half-colour", "dubois"]


def anaglyph(left: Image, right: Image, colours: Colours = "dubois") -> Image:
    """Return H×W×3 for glasses that are red before the left eye and cyan before the right.

    "colour" takes red from the left view, green and blue from the right; "half-colour" the left
    view's brightness for red, which spares the eyes a fight over red things; "grey" brightness
    for all; "dubois" what comes closest to both views through the glasses, in linear light.
    """
    if colours == "dubois":
        light = cv2.transform(to_linear(left), DUBOIS_LEFT)
        light = cv2.add(light, cv2.transform(to_linear(right), DUBOIS_RIGHT))
        return from_linear(np.asarray(light, np.float32))
    if colours == "grey":
        right = np.repeat(cv2.cvtColor(right, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    picture: Image = np.asarray(right, np.uint8).copy()
    picture[..., 0] = (
        left[..., 0] if colours == "colour" else cv2.cvtColor(left, cv2.COLOR_RGB2GRAY)
    )
    return picture


def to_linear(image: Image) -> NDArray[np.float32]:
    """Return linear light from 0 to 1 of sRGB values (IEC 61966-2-1)."""
    value = np.arange(256) / 255
    table = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    linear: NDArray[np.float32] = table.astype(np.float32)[image]
    return linear


def from_linear(light: NDArray[np.float32]) -> Image:
    """Return sRGB values of linear light, which is clipped to 0 to 1."""
    steps = 4095  # finer than any two neighbouring values of sRGB are apart, but the darkest
    value = np.arange(steps + 1) / steps
    table = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    index = np.rint(np.clip(light, 0, 1) * steps).astype(np.uint16)
    image: Image = np.rint(table * 255).astype(np.uint8)[index]
    return image


def _squeeze(image: Image, height: int, width: int) -> Image:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _layout(
    name: str,
    suffix: str,
    function: Callable[[Image, Image], Image],
    about: str,
    mixed: bool = False,
) -> Layout:
    return Layout(name, (suffix,), lambda left, right: (function(left, right),), about, mixed)


def _anaglyph(colours: Colours, suffix: str, about: str) -> Layout:
    return _layout(
        f"anaglyph-{colours}",
        suffix,
        lambda left, right: anaglyph(left, right, colours),
        about,
        mixed=True,
    )


# Endings as players and headsets read them: those of iw3 and, for the halves, Skybox's words too.
LAYOUTS = {
    layout.name: layout
    for layout in (
        _layout("full-sbs", "_LRF_Full_SBS", side_by_side, "side by side, each of full width"),
        _layout("half-sbs", "_LR_Half_SBS", half_side_by_side, "side by side in one width"),
        _layout("cross", "_RLF_cross", cross_eyed, "the right view left, for eyes that cross"),
        _layout("full-tb", "_TBF_fulltb", top_bottom, "left on top, each of full height"),
        _layout("half-tb", "_TB_Half_OU", half_top_bottom, "left on top, in one height"),
        Layout("separate", ("_L", "_R"), lambda left, right: (left, right), "two files"),
        _anaglyph("dubois", "_redcyan_dubois", "red-cyan glasses, least-squares colours"),
        _anaglyph("colour", "_redcyan", "red-cyan glasses, full colours"),
        _anaglyph("half-colour", "_redcyan_half", "red-cyan glasses, red from brightness"),
        _anaglyph("grey", "_redcyan_grey", "red-cyan glasses, no colours"),
        _layout(
            "interlaced", "_interlaced", interlaced, "rows in turns, the first one left", mixed=True
        ),
    )
}


def find_layout(name: str) -> Layout:
    """Return the layout of that name.

    Raises:
        MethodError: there is none.
    """
    try:
        return LAYOUTS[name]
    except KeyError as cause:
        raise MethodError(f"there is no layout {name}: {', '.join(LAYOUTS)}") from cause
