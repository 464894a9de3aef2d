"""A report as tables of text, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neardepth.evaluation.metrics import MEASURES
from neardepth.evaluation.published import RMSE_LOG, PublishedTable, find_table
from neardepth.evaluation.report import Report, Row
from neardepth.evaluation.statistics import Interval

HEADINGS = {
    "rmse": ("RMSE (m)", 3),
    "rel": ("REL", 3),
    "log10": ("log10", 3),
    "rmse_log10": ("RMSE(log10)", 3),
    "rmse_ln": ("RMSE(ln)", 3),
    RMSE_LOG: ("RMSE(log ?)", 3),
    "c": ("C", 3),
    "psnr": ("PSNR (dB)", 2),
    "sq_rel": ("SqRel (m)", 3),
    "silog": ("SILog", 1),
    "delta1": ("δ<1.25", 3),
    "delta2": ("δ<1.25²", 3),
    "delta3": ("δ<1.25³", 3),
}
"""How a measure is headed, and its decimals."""

PAPERS = ("rmse", "rel", "log10", "rmse_log10", "c", "psnr")
FIELDS = ("rmse_ln", "sq_rel", "silog", "delta1", "delta2", "delta3")
COMPARED = ("rmse", "rel", "log10", "c", "psnr", "delta1")

_OURS = "here: "
_UNUSUAL = 0.001  # share of unknown pixels that is worth a remark


@dataclass(frozen=True)
class TextTable:
    """Cells as text; a cell's second line stands in brackets in one-line formats."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def tables(report: Report) -> list[TextTable]:
    """Lay a report out: our figures, differences to the first method, and the published table."""
    made = [_own(report, PAPERS, _summary(report)), _own(report, FIELDS, "Further measures")]
    made.append(_uncertainty(report))
    if len(report.rows) > 1:
        made.append(_differences(report))
    table = find_table(report.dataset, report.protocol)
    return [*made, _beside(report, table)] if table else made


def _summary(report: Report) -> str:
    return (
        f"{report.dataset}: {report.count} images, protocol {report.protocol}, "
        f"profile {report.experiment.profile}"
    )


def _own(report: Report, names: Sequence[str], title: str) -> TextTable:
    rows = [
        (row.label, *(_interval(row.measures[name], name) for name in names), _share(row.missing))
        for row in report.rows
    ]
    headings = ("method", *(HEADINGS[name][0] for name in names), "unknown")
    notes = _own_notes(report) if names is PAPERS else ()
    return TextTable(title, headings, tuple(rows), notes)


def _own_notes(report: Report) -> tuple[str, ...]:
    profile = report.experiment.judged_by()
    notes = [
        f"Profile {profile.name}: {profile.summary}. Each figure with its 95 % bootstrap interval "
        "over images.",
    ]
    notes += [_of_method(row) for row in report.rows if not row.baseline]
    if any(row.missing > _UNUSUAL for row in report.rows):
        notes.append(
            "Unknown: share of the judged pixels that a prediction leaves unknown. Its figures are "
            "over the others, so compare rows of unlike shares with --fill."
        )
    return tuple(notes)


def _of_method(row: Row) -> str:
    unsure = np.mean([bool(image.low_confidence) for image in row.images])
    text = f"{row.label}: encoder {row.encoder['name'] if row.encoder else '–'}; "
    if row.settings.get("weights") == "solved":
        return text + f"{unsure:.1%} of the images are unlike the pool (low confidence)."
    kept = np.mean([image.kept or 0 for image in row.images])
    return text + (
        f"{kept:.1f} neighbours kept on average; for {unsure:.1%} of the images none passed the "
        "threshold and the best one was kept."
    )


def _uncertainty(report: Report) -> TextTable:
    rows = [
        (row.label, _share(found.covered68), _share(found.covered95), _number(found.ause, 3))
        for row in report.rows
        if (found := row.certainty) is not None
    ]
    note = (
        "Share of the pixels inside each interval, where the method states one, and the area "
        "between the sparsification curves by uncertainty and by true error (0: perfect "
        "ranking), means over images."
    )
    headings = ("method", "in 68 % interval", "in 95 % interval", "AUSE")
    return TextTable("Uncertainty", headings, tuple(rows), (note,))


def _differences(report: Report) -> TextTable:
    rows = [
        (row.label, *(_interval(row.difference[name], name, signed=True) for name in COMPARED))
        for row in report.rows
        if row.difference is not None
    ]
    note = (
        "Paired over images, with the 95 % bootstrap interval: beyond chance where it leaves "
        "out 0. Above 0 is worse, but for C, PSNR and δ."
    )
    headings = ("method", *(HEADINGS[name][0] for name in COMPARED))
    return TextTable(f"Difference to {report.rows[0].label}", headings, tuple(rows), (note,))


def _beside(report: Report, table: PublishedTable) -> TextTable:
    """Print a published table with our rows under it."""
    used = {name for row in table.rows for name in row.measures}
    names = [name for name in HEADINGS if name in used]
    published = [(row.method, *_figures(row.measures, names)) for row in table.rows]
    ours = [(_OURS + row.label, *_figures(_means(row), names)) for row in report.rows]
    notes = list(table.notes)
    if report.count != table.count:
        notes.insert(0, f"Our rows are over {report.count} images, the table's over {table.count}.")
    if report.experiment.profile != "paper":
        notes.insert(0, f"Our rows are of profile {report.experiment.profile}.")
    headings = ("method", *(HEADINGS[name][0] for name in names))
    return TextTable(table.title, headings, (*published, *ours), tuple(notes))


def _means(row: Row) -> dict[str, float]:
    return {name: row.measures[name].mean for name in MEASURES}


def _figures(measures: Mapping[str, float], names: Sequence[str]) -> list[str]:
    return [_number(measures.get(name, np.nan), HEADINGS[name][1]) for name in names]


def _interval(interval: Interval, name: str, *, signed: bool = False) -> str:
    decimals = HEADINGS[name][1]
    mean, low, high = (
        _number(value, decimals, signed=signed)
        for value in (interval.mean, interval.low, interval.high)
    )
    return f"{mean}\n{low} to {high}" if signed else f"{mean}\n{low}–{high}"


def _number(value: float, decimals: int, *, signed: bool = False) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:{'+' if signed else ''}.{decimals}f}"


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1%}"
