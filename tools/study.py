"""The paper's own choices one by one, by leave-one-out on a pool: tables and plots for docs/study.

    python tools/study.py POOL --encoder network.onnx

Only the pool's own pairs are used, each estimated from the others. Fusion is judged at 240×320;
refinement at full size on every fourth pair, because the filters' radii are in pixels there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from neardepth import Method, Pool
from neardepth.cli.progress import progress_bar
from neardepth.encoders import load_encoder
from neardepth.evaluation.metrics import Sums, accumulate
from neardepth.evaluation.statistics import Interval, summarise
from neardepth.imaging.resize import resize_depth
from neardepth.methods import find_method
from neardepth.pool import ensure_descriptors
from neardepth.steps.fusion import FUSIONS
from neardepth.steps.neighbours import correlate, nearest, standardise
from neardepth.steps.refinement import REFINEMENTS
from neardepth.steps.selection import select

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "study"
PAPER = find_method("paper")
LITE = "efficientnet-lite0"
SIZE = (240, 320)
MEASURES = ("rmse", "rel", "log10", "c", "delta1")
Depths = NDArray[np.float32]


@dataclass(frozen=True)
class Line:
    """One setting's figures."""

    setting: str
    figures: dict[str, Interval]
    kept: float


Series = tuple[Sequence[float], list[Line]]
"""Values of a setting, and the line of each."""


class Study:
    """Correlations and depth maps of one pool, to try settings on."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        with progress_bar("Reading depth", "pairs") as progress:
            maps = []
            for done, pair_id in enumerate(pool.ids, start=1):
                maps.append(resize_depth(pool.depth(pair_id), SIZE))
                progress(done, len(pool))
        self.depths = np.stack(maps)

    def correlations(self, encoder: str, tiles: tuple[int, int]) -> Depths:
        """Correlate every pair with every other, describing the pool where it must be."""
        with progress_bar(
            f"Describing {Path(encoder).stem} {tiles[0]}x{tiles[1]}", "p"
        ) as progress:
            described = np.asarray(
                ensure_descriptors(self.pool, load_encoder(encoder), tiles, progress), np.float32
            )
        matrix = correlate(described, standardise(described))
        np.fill_diagonal(matrix, -2)  # a pair is never its own neighbour
        return matrix

    def fused(self, method: Method, correlations: Depths, maps: Depths) -> tuple[Depths, int]:
        """Take steps 3 to 5 for one query."""
        found = nearest(correlations, method.k)
        kept, _ = select(correlations[found], method.threshold)
        rows = found[kept]
        weights = np.maximum(correlations[rows], np.finfo(np.float32).tiny)
        return FUSIONS[method.fusion](maps[rows], weights), len(rows)

    def line(self, setting: str, method: Method, matrix: Depths) -> Line:
        """Judge a setting of steps 3 to 5 on all pairs, at `SIZE`."""
        sums, kept = [], []
        for row, truth in enumerate(self.depths):
            depth, count = self.fused(method, matrix[row], self.depths)
            sums.append(accumulate(depth, truth))
            kept.append(count)
        return self._line(setting, sums, kept)

    def refined(self, methods: dict[str, Method], matrix: Depths) -> list[Line]:
        """Judge refinements at full size on every fourth pair."""
        sums: dict[str, list[Sums]] = {setting: [] for setting in methods}
        first = next(iter(methods.values()))
        for row in range(0, len(self.pool), 4):
            pair_id = self.pool.ids[row]
            rows = nearest(matrix[row], first.k)
            kept, _ = select(matrix[row][rows], first.threshold)
            maps = np.stack(self.pool.depths([self.pool.ids[other] for other in rows[kept]]))
            fused = FUSIONS[first.fusion](maps, matrix[row][rows[kept]])
            photo, truth = self.pool.photo(pair_id).image, self.pool.depth(pair_id)
            for setting, method in methods.items():
                refine = REFINEMENTS[method.refine]
                depth = refine(fused, photo, method.refine_radius, method.refine_sigma)
                sums[setting].append(accumulate(depth, truth))
        return [self._line(setting, images, [first.k]) for setting, images in sums.items()]

    def _line(self, setting: str, sums: Sequence[Sums], kept: Sequence[int]) -> Line:
        figures = summarise(sums, "image")
        line = Line(setting, {name: figures[name] for name in MEASURES}, float(np.mean(kept)))
        print(
            f"{setting:40} RMSE {line.figures['rmse'].mean:.4f}  REL {line.figures['rel'].mean:.4f}"
        )
        return line


def table(lines: Iterable[Line]) -> str:
    """Write lines as a Markdown table."""
    rows = [
        "| setting | RMSE (m) | 95 % | REL | log10 | C | δ<1.25 | kept |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        f = line.figures
        rows.append(
            f"| {line.setting} | {f['rmse'].mean:.3f} | {f['rmse'].low:.3f}–{f['rmse'].high:.3f} | "
            f"{f['rel'].mean:.3f} | {f['log10'].mean:.3f} | {f['c'].mean:.3f} | "
            f"{f['delta1'].mean:.3f} | {line.kept:.1f} |"
        )
    return "\n".join(rows)


def plot(path: Path, series: Mapping[str, Series], label: str) -> None:
    """Draw RMSE and REL with their intervals against a setting."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for axis, name, title in zip(axes, ("rmse", "rel"), ("RMSE (m)", "REL"), strict=True):
        for place, (legend, (x, lines)) in enumerate(series.items()):
            values = [line.figures[name] for line in lines]
            axis.plot(x, [v.mean for v in values], "o-", label=legend, color=f"C{place}")
            low, high = ([getattr(v, end) for v in values] for end in ("low", "high"))
            axis.fill_between(x, low, high, alpha=0.15, color=f"C{place}")
        axis.set(xlabel=label, ylabel=title)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def neighbours(study: Study, onnx: str) -> str:
    """Try the number of neighbours."""
    counts = (1, 2, 4, 8, 12, 16, 32)
    free = PAPER.override(threshold=-1.0)
    series: dict[str, Series] = {}
    for encoder in (onnx, LITE):
        matrix, name = study.correlations(encoder, (4, 4)), Path(encoder).stem
        lines = [study.line(f"{name}, k = {k}", free.override(k=k), matrix) for k in counts]
        series[name] = (counts, lines)
    plot(FOLDER / "k.png", series, "neighbours k")
    return table(line for _, lines in series.values() for line in lines)


def thresholds(study: Study, onnx: str) -> str:
    """Try the threshold that neighbours must pass."""
    matrix = study.correlations(onnx, (4, 4))
    values = (-1.0, 0.5, 0.6, 0.65, 0.7, 0.75)
    lines = [study.line(f"> {t:g}", PAPER.override(threshold=t), matrix) for t in values]
    plot(FOLDER / "threshold.png", {"k = 4": (values[1:], lines[1:])}, "threshold")
    return table(lines)


def fusions(study: Study, onnx: str) -> str:
    """Try the ways of fusing."""
    matrix = study.correlations(onnx, (4, 4))
    return table(
        study.line(f"{fusion}, k = {k}", PAPER.override(fusion=fusion, k=k), matrix)
        for k in (4, 12)
        for fusion in FUSIONS
    )


def filters(study: Study, onnx: str) -> str:
    """Try the refinements."""
    tried = {"none": PAPER.override(refine="none")}
    for radius in (2, 4, 8, 15):
        for sigma in (30.0, 100.0):
            tried[f"cross-bilateral, radius {radius} px, σ {sigma:g}"] = PAPER.override(
                refine_radius=radius, refine_sigma=sigma
            )
    for radius in (8, 16, 32, 50):
        tried[f"guided, radius {radius} px, σ 20"] = PAPER.override(
            refine="guided", refine_radius=radius, refine_sigma=20.0
        )
    return table(study.refined(tried, study.correlations(onnx, (4, 4))))


def encoders(study: Study, onnx: str) -> str:
    """Try the networks."""
    names = (onnx, LITE, "efficientnet-lite1", "efficientnet-lite2")
    method = PAPER.override(threshold=-1.0)
    return table(
        study.line(f"{Path(name).stem}, k = 4", method, study.correlations(name, (4, 4)))
        for name in names
    )


def tiles(study: Study, onnx: str) -> str:
    """Try the number of tiles, with the small network: 36 tiles of the large one take hours."""
    sides = (1, 2, 3, 4, 5, 6)
    method = PAPER.override(threshold=-1.0)
    lines = [
        study.line(f"{LITE}, {side}×{side}", method, study.correlations(LITE, (side, side)))
        for side in sides
    ]
    plot(FOLDER / "tiles.png", {LITE: (sides, lines)}, "tiles a side")
    return table(lines)


SECTIONS: dict[str, Callable[[Study, str], str]] = {
    "k": neighbours,
    "threshold": thresholds,
    "fusion": fusions,
    "filter": filters,
    "encoder": encoders,
    "tiles": tiles,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", type=Path)
    parser.add_argument("--encoder", required=True, help="ONNX file that stands for ResNet-50")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    study = Study(Pool.open(arguments.pool))
    for name in arguments.only:
        text = SECTIONS[name](study, arguments.encoder)
        (FOLDER / f"{name}.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
