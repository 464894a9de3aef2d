"""Fit the models that ship, `indoor` and `indoor-fast`, to NYU Depth v2's training pairs.

    python tools/indoor SOURCE

SOURCE is a folder with the pairs or the data set's .mat. The pool is kept in out/indoor.pool. Fit
your own pairs in the same way: `neardepth pool export-model`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from folds import FOCAL_PX

from neardepth import Pool
from neardepth.cli.progress import progress_bar
from neardepth.datasets import open_source
from neardepth.kernel.export import export_model
from neardepth.kernel.shared import MODELS
from neardepth.methods import METHODS
from neardepth.pool import build_pool
from neardepth.retrieval.encoders import choose_encoders

POOL = Path(__file__).resolve().parent.parent.parent / "out" / "indoor.pool"
FACTS = {
    "origin": "NYU Depth v2, the 795 labelled training pairs (N. Silberman, D. Hoiem, P. Kohli, "
    "R. Fergus, Indoor Segmentation and Support Inference from RGBD Images, ECCV 2012)",
    "terms": "coefficients only, no photo and no depth map; the data set was published for "
    "research: who needs other terms fits other pairs with `neardepth pool export-model`",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--pool", type=Path, default=POOL, help="where the pool is kept")
    arguments = parser.parse_args()
    methods = [METHODS["kernel"], METHODS["kernel-fast"]]
    with progress_bar("Building the pool", "pairs") as progress:
        networks = choose_encoders(methods[0], None)
        build_pool(open_source(arguments.source), arguments.pool, networks, None, progress=progress)
    for method in methods:
        path = MODELS / f"{method.model}.safetensors"
        with progress_bar(f"Fitting {method.model}", "pairs") as progress:
            export_model(
                Pool.open(arguments.pool),
                choose_encoders(method, None),
                path,
                str(method.model),
                FACTS,
                focal_px=FOCAL_PX,
                progress=progress,
            )
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
