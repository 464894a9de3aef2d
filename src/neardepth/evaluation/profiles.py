"""Profiles: which pixels of the truth are judged, how, and how images are put together.

One resizing rule for all: the prediction is resized to the truth's grid (`resize_depth`: bilinear
up, area-averaged down, unknown never mixed in), never the truth to the prediction's. Then the
profile's crop and depth range choose the pixels, and the prediction is clamped to that range where
the profile says so. An unknown prediction stays unknown and is counted (`Sums.missing`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import MethodError
from neardepth.evaluation.metrics import Aggregation, Sums, accumulate
from neardepth.imaging.resize import resize_depth


@dataclass(frozen=True)
class Crop:
    """Rows and columns (first, one past the last) judged on a truth of ``size`` (H, W)."""

    size: tuple[int, int]
    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Profile:
    """What is judged and how, as plain data."""

    name: str
    summary: str
    aggregation: Aggregation
    raw_truth: bool = False  # the sensor's own depth instead of the in-painted one, where both are
    crop: Crop | None = None  # whole frame when None
    above: float = 0.0  # judged where above < truth < below, metres
    below: float = float("inf")
    clamp: bool = False  # clip the prediction to [above, below] first

    def as_dict(self) -> dict[str, object]:
        """Give the settings as plain data for a report; no upper limit is None."""
        return {**asdict(self), "below": None if np.isinf(self.below) else self.below}


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "paper",
            "whole frame, in-painted depth, no cap, mean over images",
            aggregation="image",
        ),
        Profile(
            "eigen",
            "NYU's centre crop, raw depth in 1e-3 to 10 m, prediction clamped, mean over images",
            aggregation="image",
            raw_truth=True,
            crop=Crop(size=(480, 640), rows=(45, 471), columns=(41, 601)),
            above=1e-3,
            below=10.0,
            clamp=True,
        ),
        Profile(
            "pooled",
            "whole frame, in-painted depth, no cap, all pixels of all images pooled",
            aggregation="pooled",
        ),
        Profile(
            "make3d-c1",
            "true depth below 70 m, mean over images",
            aggregation="image",
            below=70.0,
        ),
        Profile("make3d-c2", "every true depth (up to 81 m), mean over images", "image"),
        Profile(
            "sparse80",
            "sparse outdoor truth in 1e-3 to 80 m, prediction clamped, no crop, mean over images",
            aggregation="image",
            above=1e-3,
            below=80.0,
            clamp=True,
        ),
    )
}


def find_profile(name: str) -> Profile:
    """Look a profile up.

    Raises:
        MethodError: There is none of that name; the message lists those there are.
    """
    if name not in PROFILES:
        raise MethodError(f"there is no profile '{name}'; choose one of {', '.join(PROFILES)}")
    return PROFILES[name]


def score(profile: Profile, prediction: NDArray[np.float32], truth: NDArray[np.float32]) -> Sums:
    """Judge one image; arguments and errors as for `judged`."""
    return accumulate(*judged(profile, prediction, truth))


def judged(
    profile: Profile, prediction: NDArray[np.float32], truth: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Apply the rules: the prediction and the truth as they are compared, pixel by pixel.

    Args:
        profile: The rules.
        prediction: H×W metres, NaN where unknown; any size.
        truth: H×W metres, NaN where unknown; every figure is on this grid.

    Returns:
        The prediction, and the truth with NaN wherever it is not judged, both of the truth's size
        or of the profile's crop.

    Raises:
        MethodError: The profile's crop is defined on another size of truth.
    """
    height, width = truth.shape
    fitted = resize_depth(prediction, (height, width))
    if profile.crop is not None:
        if truth.shape != profile.crop.size:
            rows, columns = profile.crop.size
            raise MethodError(
                f"profile '{profile.name}' is defined on {rows}x{columns} depth maps, not"
                f" {height}x{width}; choose another profile"
            )
        window = np.s_[slice(*profile.crop.rows), slice(*profile.crop.columns)]
        fitted, truth = fitted[window], truth[window]
    if profile.clamp:
        fitted = np.clip(fitted, profile.above, profile.below)
    inside = (truth > profile.above) & (truth < profile.below)
    return fitted, np.where(inside, truth, np.float32(np.nan))
