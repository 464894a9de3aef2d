"""`make bench`: each figure beside its limit, measured side by side in one run: some minutes."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import build
import descriptors
import memory
import photo
import search
import solved
import startup
import stereo
from common import RESNET, Row, write_pairs
from rich.console import Console
from rich.table import Table

import video
from neardepth.encoders import load_encoder

PAIRS = 40


def main() -> None:
    """Measure everything and print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_pairs(folder / "site", PAIRS)
        encoders = [("knn", load_encoder("efficientnet-lite0"))]
        if RESNET.exists():
            encoders.append(("paper", load_encoder(str(RESNET))))
        for method, encoder in encoders:
            rows += photo.measure(source, folder, encoder, method)
            rows.append(build.measure(source, folder, encoder))
        rows.append(search.measure())
        rows += descriptors.measure(source)
        rows += solved.measure(source, folder)
        pool = folder / "kernel.pool"
        photos = sorted((source / "rgb").iterdir())[:4]
        rows += startup.measure(pool, photos[0], folder / "out")
        rows.append(memory.measure(pool, photos))
        rows += video.measure(folder)
        rows.append(stereo.measure())
    table = Table(title=f"{os.cpu_count()} cores; limits measured in the same run", box=None)
    for heading in ("what", "measured", "limit", "ratio", "limit is", "goal"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        measured, limit = (f"{value:.3f} {row.unit}" for value in (row.measured, row.limit))
        table.add_row(row.what, measured, limit, f"{row.ratio:.2f}", row.limit_is, row.goal)
    Console(width=120).print(table, highlight=False)


if __name__ == "__main__":
    main()
