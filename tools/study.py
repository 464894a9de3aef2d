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

DOCS = Path(__file__).resolve().parent.parent / "docs"
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
            described = ensure_descriptors(self.pool, load_encoder(encoder), tiles, progress)
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


def run(study: Study, onnx: str, write: Callable[[str, str], None]) -> None:
    """Try every choice and write each section."""
    folder = DOCS / "study"
    folder.mkdir(exist_ok=True)
    paper = find_method("paper")
    lite = "efficientnet-lite0"
    matrices = {onnx: study.correlations(onnx, (4, 4)), lite: study.correlations(lite, (4, 4))}
    names = {onnx: Path(onnx).stem, lite: lite}

    ks = (1, 2, 4, 8, 12, 16, 32)
    series: dict[str, Series] = {}
    for encoder, matrix in matrices.items():
        free = paper.override(threshold=-1.0)
        lines = [study.line(f"{names[encoder]}, k = {k}", free.override(k=k), matrix) for k in ks]
        series[names[encoder]] = (ks, lines)
    plot(folder / "k.png", series, "neighbours k")
    write("k", table(line for _, lines in series.values() for line in lines))

    thresholds = (-1.0, 0.5, 0.6, 0.65, 0.7, 0.75)
    lines = [
        study.line(f"> {t:g}", paper.override(threshold=t), matrices[onnx]) for t in thresholds
    ]
    plot(folder / "threshold.png", {"k = 4": (thresholds[1:], lines[1:])}, "threshold")
    write("threshold", table(lines))

    lines = [
        study.line(f"{fusion}, k = {k}", paper.override(fusion=fusion, k=k), matrices[onnx])
        for k in (4, 12)
        for fusion in FUSIONS
    ]
    write("fusion", table(lines))

    filters = {"none": paper.override(refine="none")}
    for radius in (2, 4, 8, 15):
        for sigma in (30.0, 100.0):
            filters[f"cross-bilateral, radius {radius} px, σ {sigma:g}"] = paper.override(
                refine_radius=radius, refine_sigma=sigma
            )
    for radius in (8, 16, 32, 50):
        filters[f"guided, radius {radius} px, σ 20"] = paper.override(
            refine="guided", refine_radius=radius, refine_sigma=20.0
        )
    write("filter", table(study.refined(filters, matrices[onnx])))

    lines = [
        study.line(f"{names[e]}, k = 4", paper.override(threshold=-1.0), m)
        for e, m in matrices.items()
    ]
    for encoder in ("efficientnet-lite1", "efficientnet-lite2"):
        matrix = study.correlations(encoder, (4, 4))
        lines.append(study.line(f"{encoder}, k = 4", paper.override(threshold=-1.0), matrix))
    write("encoder", table(lines))

    series = {}
    for encoder, sides in ((lite, (1, 2, 3, 4, 5, 6)), (onnx, (1, 2, 3, 4))):
        lines = [
            study.line(
                f"{names[encoder]}, {side}×{side}",
                paper.override(threshold=-1.0),
                study.correlations(encoder, (side, side)),
            )
            for side in sides
        ]
        series[names[encoder]] = (sides, lines)
    plot(folder / "tiles.png", series, "tiles a side")
    write("tiles", table(line for _, lines in series.values() for line in lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", type=Path)
    parser.add_argument("--encoder", required=True, help="ONNX file that stands for ResNet-50")
    arguments = parser.parse_args()

    def write(name: str, text: str) -> None:
        (DOCS / "study" / f"{name}.md").write_text(text + "\n", encoding="utf-8")

    run(Study(Pool.open(arguments.pool)), arguments.encoder, write)


if __name__ == "__main__":
    main()
