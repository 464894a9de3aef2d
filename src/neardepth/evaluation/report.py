"""The outcome of an experiment: figures of each method and baseline, and where they come from."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neardepth
from neardepth.evaluation.experiment import Experiment
from neardepth.evaluation.metrics import Sums, measures, pool
from neardepth.evaluation.statistics import Interval
from neardepth.evaluation.uncertainty import Certainty, mean_certainty

_PACKAGES = ("numpy", "opencv-contrib-python-headless", "onnxruntime")


@dataclass(frozen=True)
class ImageScore:
    """One image's sums and, where a method was at work, what it rests on."""

    id: str
    sums: Sums
    neighbour: str | None = None
    """The most correlated pool image."""
    correlation: float | None = None
    """That image's."""
    kept: int | None = None
    """Neighbours kept."""
    low_confidence: bool | None = None
    certainty: Certainty | None = None


@dataclass(frozen=True, eq=False)
class Row:
    """The figures of one method or baseline."""

    method: str
    label: str
    """The method with what was changed in it."""
    baseline: bool
    settings: Mapping[str, Any]
    encoder: Mapping[str, Any] | None
    images: tuple[ImageScore, ...]
    measures: Mapping[str, Interval]
    difference: Mapping[str, Interval] | None
    """To the first method; None for itself."""
    seconds: float
    pixels: NDArray[np.float32]
    """2×N: true and predicted metres of some pixels of every image, for the picture page."""

    @property
    def certainty(self) -> Certainty | None:
        """What the method's uncertainty is worth, the mean over images; baselines state none."""
        images = [image.certainty for image in self.images if image.certainty is not None]
        return mean_certainty(images) if images else None

    @property
    def missing(self) -> float:
        """Share of the judged pixels that the prediction leaves unknown."""
        return pool([image.sums for image in self.images]).missing_share


@dataclass(frozen=True, eq=False)
class Case:
    """One image to look at: H×W metres on the truth's grid, NaN where unknown or not judged."""

    title: str
    id: str
    rmse: float
    photo: NDArray[np.uint8]
    truth: NDArray[np.float32]
    prediction: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything an experiment gave."""

    experiment: Experiment
    dataset: str
    protocol: str
    pool: Mapping[str, Any]
    """Path, version and number of pairs."""
    rows: tuple[Row, ...]
    """Methods in the order they were named, then baselines."""
    cases: tuple[Case, ...]
    """Best, median and worst image of the first method."""
    notes: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.rows[0].images)

    def as_dict(self) -> dict[str, Any]:
        """Give plain data for JSON; what has no finite value is None."""
        data = {
            "software": f"neardepth {neardepth.__version__}",
            "experiment": self.experiment.as_dict(),
            "dataset": self.dataset,
            "pool": dict(self.pool),
            "results": [self._result(row) for row in self.rows],
            "notes": list(self.notes),
            "failed": [{"what": what, "why": why} for what, why in self.failed],
        }
        plain: dict[str, Any] = _plain(data)
        return plain

    def _result(self, row: Row) -> dict[str, Any]:
        return {
            "method": row.method,
            "label": row.label,
            "baseline": row.baseline,
            "protocol": self.protocol,
            "profile": self.experiment.profile,
            "count": len(row.images),
            "measures": _intervals(row.measures),
            "missing": row.missing,
            "uncertainty": asdict(row.certainty) if row.certainty else None,
            "difference_to_first": _intervals(row.difference) if row.difference else None,
            "settings": dict(row.settings),
            "profile_settings": self.experiment.judged_by().as_dict(),
            "encoder": dict(row.encoder) if row.encoder else None,
            "encoder_hash": row.encoder["weights_hash"] if row.encoder else None,
            "pool_version": self.pool["version"],
            "seed": self.experiment.seed,
            "versions": versions(),
            "wall_time_s": round(row.seconds, 6),
            "images": [_image(image) for image in row.images],
        }


def versions() -> dict[str, str]:
    """Return the versions that figures may depend on in their last digits."""
    return {
        "neardepth": neardepth.__version__,
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


def same_figures(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two reports, as plain data, have the same results but for the time they took."""
    return _figures(first) == _figures(second)


def _figures(data: Mapping[str, Any]) -> list[list[Any]]:
    keys = ("method", "label", "protocol", "profile", "measures", "difference_to_first", "images")
    return [[result.get(key) for key in keys] for result in data["results"]]


def _intervals(measures: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: asdict(interval) for name, interval in measures.items()}


def _image(image: ImageScore) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": image.id,
        **measures(image.sums),
        "missing": image.sums.missing_share,
    }
    if image.neighbour is not None:
        data["best_neighbour"] = image.neighbour
        data["best_correlation"] = image.correlation
        data["kept"] = image.kept
        data["low_confidence"] = image.low_confidence
    if image.certainty is not None:
        data["covered68"] = image.certainty.covered68
        data["covered95"] = image.certainty.covered95
        data["ause"] = image.certainty.ause
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
