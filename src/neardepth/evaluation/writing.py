"""A report as files: JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
import os

from neardepth.evaluation.experiment import EvaluationError
from neardepth.evaluation.metrics import MEASURES
from neardepth.evaluation.report import Report
from neardepth.evaluation.tables import TextTable, tables
from neardepth.imaging.files import write_file


def write_json(path: str | os.PathLike[str], report: Report) -> None:
    """Write everything, per image as well; the file is enough to repeat the run.

    Raises:
        EvaluationError: it cannot be written.
    """
    text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_file(path, f"{text}\n".encode(), EvaluationError)


def write_csv(path: str | os.PathLike[str], report: Report) -> None:
    """Write one line a method or baseline, with each measure's mean and interval.

    Raises:
        EvaluationError: it cannot be written.
    """
    heads = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["method", "protocol", "profile", "count", *heads, "missing"])
    for result in report.as_dict()["results"]:
        figures = [
            result["measures"][name][part] for name in MEASURES for part in ("mean", "low", "high")
        ]
        keys = (result["label"], result["protocol"], result["profile"], result["count"])
        writer.writerow([*keys, *figures, result["missing"]])
    write_file(path, buffer.getvalue().encode(), EvaluationError)


def write_markdown(path: str | os.PathLike[str], report: Report) -> None:
    """Write the tables of the terminal as Markdown.

    Raises:
        EvaluationError: it cannot be written.
    """
    text = "\n\n".join(map(_markdown, tables(report)))
    write_file(path, f"{text}\n".encode(), EvaluationError)


def _markdown(table: TextTable) -> str:
    lines = [f"**{table.title}**", "", _line(table.headings)]
    lines.append(_line(["---", *["---:"] * (len(table.headings) - 1)]))
    lines += [_line(row) for row in table.rows]
    lines += ["", *(f"- {note}" for note in table.notes)]
    return "\n".join(lines).rstrip()


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_one_line, cells)) + " |"


def _one_line(cell: str) -> str:
    first, _, second = cell.replace("|", "\\|").partition("\n")
    return f"{first} ({second})" if second else first
