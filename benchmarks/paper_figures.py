"""The paper's steps on NYU's 795 training pairs, leave-one-out, beside an independent result.

`python benchmarks/paper_figures.py [POOL]`. The references are from another implementation of the
steps 1 to 5 with the same network (no filter; PSNR at 240×320). The pool, by default
out/nyuv2-train.pool, is built when it is not there: some eight minutes on two cores.
"""

from __future__ import annotations

import sys
from pathlib import Path

from common import DATA, RESNET, ROOT

from neardepth import DepthEstimator, Pool
from neardepth.cli.progress import progress_bar
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.evaluation.experiment import Experiment
from neardepth.evaluation.runner import run_experiment
from neardepth.evaluation.writing import write_json
from neardepth.pool import build_pool

SOURCE = DATA / "data" / "nyuv2-train"
OUT = ROOT / "out"
TOLERANCE = 0.01

METHOD = {"rmse": 0.942, "rmse_log10": 0.146, "rel": 0.313, "log10": 0.119, "c": 0.610}
REFERENCES = {"paper": {**METHOD, "psnr": 15.25}, "mean-depth": {"rmse": 1.155, "rel": 0.408}}

# Official indices of the four best neighbours, with correlations where known.
NEIGHBOURS: dict[int, dict[int, float | None]] = {
    3: {648: 0.734, 73: 0.714, 685: 0.710, 156: 0.708},
    4: dict.fromkeys((642, 978, 684, 3)),
    5: dict.fromkeys((214, 1189, 815, 659)),
}


def main() -> int:
    """Print each figure beside its reference; return how many differ."""
    pool = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT / f"{SOURCE.name}.pool"
    if not pool.exists() or len(Pool.open(pool)) < 795:
        pool.parent.mkdir(exist_ok=True)
        encoder = load_encoder(str(RESNET))
        with progress_bar("Building", "pairs") as progress:
            build_pool(open_source(SOURCE), pool, encoder, (4, 4), progress=progress)
    return figures(pool) + neighbours(pool)


def figures(pool: Path) -> int:
    """Compare the measures."""
    experiment = Experiment(
        (str(SOURCE),),
        pool=str(pool),
        methods=("paper",),
        encoder=str(RESNET),
        overrides={"refine": "none"},
        protocol="loo",
    )
    report = run_experiment(experiment, bar=progress_bar)
    OUT.mkdir(exist_ok=True)
    write_json(OUT / "paper_figures.json", report)
    wrong = 0
    for row in report.rows:
        for name, reference in REFERENCES.get(row.method, {}).items():
            ours = row.measures[name].mean
            near = abs(ours / reference - 1) <= TOLERANCE
            wrong += not near
            print(
                f"{row.method:12} {name:12} {ours:8.4f}   reference {reference:7.3f}   "
                f"{ours / reference - 1:+.2%}   {'ok' if near else 'DIFFERS'}"
            )
    print(f"{report.count} images, {report.rows[0].seconds:.0f} s for the method")
    return wrong


def neighbours(pool: Path) -> int:
    """Compare the lists of neighbours."""
    estimator = DepthEstimator(pool, "paper", encoder=str(RESNET), refine="none")
    ids = {f"{SOURCE.name}/{number:04}": number for number in NEIGHBOURS}
    wrong = 0
    for pair_id, result in estimator.leave_one_out(ids=ids):
        expected = NEIGHBOURS[ids[pair_id]]
        found = {int(n.id[-4:]): n.correlation for n in result.neighbours}
        same = list(found) == list(expected) and all(
            value is None or abs(value - found[number]) < 0.002
            for number, value in expected.items()
        )
        wrong += not same
        listed = ", ".join(f"{number} ({value:.3f})" for number, value in found.items())
        print(f"image {ids[pair_id]}: {listed}   {'ok' if same else f'DIFFERS from {expected}'}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
