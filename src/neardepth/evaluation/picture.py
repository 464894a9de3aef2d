"""The picture page of a report: how errors are distributed, and three images to look at."""

from __future__ import annotations

import io
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neardepth.evaluation.experiment import EvaluationError
from neardepth.evaluation.metrics import measures
from neardepth.evaluation.report import Case, Report, Row
from neardepth.imaging.colour import (
    colourise,
    colourise_uncertainty,
    depth_range,
    nice_step,
    thickened,
    ticks,
)
from neardepth.imaging.files import write_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#1f5fa8", "#d1602e", "#2e8b57", "#8a4fa3", "#8c6d1f")
_GREY = "#8b9097"
_MUTED = "#5a5f66"
_BINS = 16
_LEAST = 30  # pixels that a bin needs to be drawn
_DPI = 110

# Inches.
_WIDTH = 15.0
_LEFT = 0.75
_HEAD = 1.15
_CHART = 3.0
_BELOW_CHARTS = 0.75
_CELL = 3.0
_TALLEST = 4.0
_GAP = 0.15
_BAR = 0.12
_LABELS = 0.62
_CAPTION = 0.62
_FOOT = 0.2


def write_picture(path: str | os.PathLike[str], report: Report) -> None:
    """Draw the page as PNG: error histogram, error against depth and correlation, three cases.

    Raises:
        EvaluationError: matplotlib is not installed, or the file cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    cell = _cell_height(report.cases)
    cases = len(report.cases) * (_CAPTION + cell + _FOOT)
    height = _HEAD + _CHART + _BELOW_CHARTS + cases
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor="white")
    _Page(figure, height).draw(report, cell)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_file(path, buffer.getvalue(), EvaluationError)


def require_matplotlib() -> None:
    """Make sure that the page can be drawn, before anything is measured for it.

    Raises:
        EvaluationError: matplotlib is not installed; the message says how to get it.
    """
    if find_spec("matplotlib") is None:
        raise EvaluationError(
            "the picture page needs matplotlib; install it with `pip install 'neardepth[report]'`"
        )


class _Page:
    """Places things by inches from the upper left corner."""

    def __init__(self, figure: Figure, height: float) -> None:
        self.figure = figure
        self.height = height

    def draw(self, report: Report, cell: float) -> None:
        self.text(_LEFT, 0.45, f"{report.dataset}: {report.count} images", 17, "black")
        self.text(_LEFT, 0.75, _subtitle(report), 10.5, _MUTED)
        charts = (_histogram, _against_depth, _against_correlation)
        width = (_WIDTH - _LEFT - 0.3 - 2 * _LEFT) / len(charts)
        for place, draw in enumerate(charts):
            draw(self.axes(_LEFT + place * (width + _LEFT), _HEAD, width, _CHART), report)
        scales = _scales(report.cases)
        for place, case in enumerate(report.cases):
            top = _HEAD + _CHART + _BELOW_CHARTS + place * (_CAPTION + cell + _FOOT)
            self.case(case, top, cell, scales)

    def case(
        self, case: Case, top: float, cell: float, scales: tuple[tuple[float, float], float]
    ) -> None:
        """Draw a row: photo, truth and prediction in one range, and the error."""
        limits, largest = scales
        heading = f"{case.title}: {case.id}   RMSE {case.rmse:.2f} m"
        self.text(_LEFT, top + 0.22, heading, 11.5, "black")
        error = np.abs(case.prediction - case.truth)
        pictures = (
            ("photo", case.photo, None),
            ("truth", colourise(thickened(case.truth), *limits), None),
            ("prediction", colourise(thickened(case.prediction), *limits), ("turbo_r", limits)),
            (
                "|prediction − truth|",
                colourise_uncertainty(thickened(error), largest),
                ("magma", (0.0, largest)),
            ),
        )
        height, width = case.photo.shape[:2]
        left, top = _LEFT, top + _CAPTION
        for name, picture, bar in pictures:
            axes = self.axes(left, top, _CELL, cell)
            # One shape for all: Make3D's truth is 55×305 for an upright photo.
            axes.imshow(picture, extent=(0, width, height, 0), interpolation="nearest")
            axes.set_anchor("NW")
            axes.set_axis_off()
            self.text(left, top - 0.08, name, 9.5, _MUTED)
            left += min(_CELL, cell * width / height) + _GAP
            if bar is not None:
                _bar(self.axes(left, top, _BAR, cell), *bar)
                left += _BAR + _LABELS

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = self.height - top - height
        return self.figure.add_axes(
            (left / _WIDTH, bottom / self.height, width / _WIDTH, height / self.height)
        )

    def text(self, left: float, top: float, content: str, size: float, colour: str) -> None:
        """Write one line whose baseline is at ``top``."""
        place = (left / _WIDTH, 1 - top / self.height)
        self.figure.text(*place, content, fontsize=size, color=colour, va="baseline")


def _subtitle(report: Report) -> str:
    first = report.rows[0]
    encoder = first.encoder["name"] if first.encoder else "–"
    return (
        f"method {first.label}  ·  encoder {encoder}  ·  protocol {report.protocol}  ·  profile "
        f"{report.experiment.profile}  ·  RMSE {first.measures['rmse'].mean:.3f} m, REL "
        f"{first.measures['rel'].mean:.3f}"
    )


def _histogram(axes: Axes, report: Report) -> None:
    """RMSE of each image: filled for the first method, outlines for others and the mean depth."""
    rows = [row for row in report.rows if not row.baseline or row.method == "mean-depth"]
    values = [_finite(_rmse(row)) for row in rows]
    every = np.concatenate(values)
    if not every.size:
        return
    edges = np.linspace(0, np.quantile(every, 0.99) * 1.05, 31)
    for place, (row, colour, rmse) in enumerate(zip(rows, _colours(report), values, strict=False)):
        axes.hist(
            np.minimum(rmse, edges[-1]),  # the last bar holds what is beyond
            bins=list(edges),
            histtype="step" if place else "bar",
            color=_GREY if row.baseline else colour,
            alpha=1.0 if place else 0.55,
            label=row.label,
        )
    axes.legend(frameon=False, fontsize=9)
    _label(axes, "Error of each image", "RMSE, m (last bar: this and above)", "images")


def _against_depth(axes: Axes, report: Report) -> None:
    """Signed error of drawn pixels against true depth: median and the middle 80 %."""
    methods = [row for row in report.rows if not row.baseline]
    for place, (row, colour) in enumerate(zip(methods, _colours(report), strict=False)):
        truth, prediction = row.pixels
        if truth.size < _LEAST:
            continue
        edges = np.linspace(truth.min(), np.quantile(truth, 0.995), _BINS + 1)
        centres, parts = _binned(truth, prediction - truth, edges, _LEAST)
        if not len(parts):
            continue
        low, middle, high = np.array([np.quantile(part, (0.1, 0.5, 0.9)) for part in parts]).T
        if place == 0:
            axes.fill_between(centres, low, high, color=colour, alpha=0.18, lw=0)
            note = "band: middle 80 % of the pixels"
            axes.text(0.03, 0.05, note, transform=axes.transAxes, fontsize=9, color=_GREY)
        axes.plot(centres, middle, color=colour, label=f"{row.label}, median")
    axes.axhline(0, color=_GREY, lw=0.8)
    axes.legend(frameon=False, fontsize=9, loc="upper right")
    _label(axes, "Error against depth", "true depth, m", "predicted − true, m")


def _against_correlation(axes: Axes, report: Report) -> None:
    """RMSE of each image against the correlation of its best neighbour."""
    methods = [row for row in report.rows if not row.baseline]
    for row, colour in zip(methods, _colours(report), strict=False):
        correlation = np.array([image.correlation for image in row.images], np.float64)
        rmse = _rmse(row)
        usable = np.isfinite(rmse)
        correlation, rmse = correlation[usable], rmse[usable]
        few = rmse.size < 3 * _BINS
        axes.scatter(correlation, rmse, s=40 if few else 7, color=colour, alpha=0.4, lw=0)
        if not few:
            edges = np.quantile(correlation, np.linspace(0, 1, 9))
            centres, parts = _binned(correlation, rmse, edges, 3)
            middles = [np.median(part) for part in parts]
            axes.plot(
                centres, middles, color=colour, marker="o", ms=4, label=f"{row.label}, median"
            )
            axes.legend(edgecolor="none", framealpha=0.8, fontsize=9)
    if np.isfinite(axes.dataLim.ymax):
        axes.set_ylim(0, 1.08 * axes.dataLim.ymax)
    _label(axes, "Error against likeness", "correlation with the best neighbour", "RMSE, m")


def _bar(axes: Axes, colours: str, limits: tuple[float, float]) -> None:
    low, high = limits
    ramp = np.linspace(low, high, 256)[:, None]
    axes.imshow(ramp, cmap=colours, extent=(0, 1, low, high), aspect="auto", origin="lower")
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_yticks(ticks(low, high))
    axes.yaxis.set_major_formatter("{x:g} m")
    axes.tick_params(labelsize=8.5, length=2)


def _cell_height(cases: tuple[Case, ...]) -> float:
    """Height of the pictures, inches: of the photos' shape as far as there is room."""
    shapes = [case.photo.shape[0] / case.photo.shape[1] for case in cases]
    return min(_CELL * max(shapes, default=0.0), _TALLEST)


def _scales(cases: tuple[Case, ...]) -> tuple[tuple[float, float], float]:
    """One range of depth and one of error, metres, for all cases."""
    limits = depth_range(*(case.truth for case in cases))
    errors = [_finite(np.abs(case.prediction - case.truth)) for case in cases]
    largest = max((float(np.quantile(error, 0.98)) for error in errors if error.size), default=1.0)
    step = nice_step(max(largest, 0.01) / 6)
    return limits, float(np.ceil(largest / step)) * step


def _binned(
    x: NDArray[np.floating], y: NDArray[np.floating], edges: NDArray[np.floating], least: int
) -> tuple[NDArray[np.float64], list[NDArray[np.floating]]]:
    """Group y by the bins of x; bins of fewer than ``least`` are left out."""
    bins = np.clip(np.digitize(x, edges) - 1, 0, len(edges) - 2)
    groups = [(edges[b : b + 2].mean(), y[bins == b]) for b in range(len(edges) - 1)]
    kept = [(centre, group) for centre, group in groups if group.size >= least]
    return np.array([centre for centre, _ in kept], np.float64), [group for _, group in kept]


def _rmse(row: Row) -> NDArray[np.float64]:
    return np.array([measures(image.sums)["rmse"] for image in row.images])


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    finite: NDArray[Any] = values[np.isfinite(values)]
    return finite


def _colours(report: Report) -> list[str]:
    return [_COLOURS[place % len(_COLOURS)] for place in range(len(report.rows))]


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=12, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
