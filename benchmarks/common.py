"""What the benchmarks share: pairs to work on, timing side by side, and the line they print."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("NEARDEPTH_DATA", ROOT.parent / "shared"))
RESNET = DATA / "weights" / "resnet50v2-conv4-gap.onnx"


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured beside its limit, in the same unit."""

    what: str
    measured: float
    limit: float
    unit: str
    limit_is: str
    goal: str

    @property
    def ratio(self) -> float:
        """How many times the limit it takes."""
        return self.measured / self.limit


def side_by_side(*calls: Callable[[], object], repeats: int = 9) -> list[float]:
    """Median seconds of each call, taken in turns so that a busy moment hits all alike."""
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def write_pairs(folder: Path, count: int, size: tuple[int, int] = (480, 640)) -> Path:
    """Write a source of RGB-D pairs: real ones where there are, else smooth random pictures."""
    real = DATA / "data" / "nyuv2-train"
    (folder / "rgb").mkdir(parents=True)
    (folder / "depth").mkdir()
    names = sorted(path.stem for path in (real / "rgb").glob("*.jpg"))[:count]
    for name in names:
        (folder / "rgb" / f"{name}.jpg").symlink_to(real / "rgb" / f"{name}.jpg")
        (folder / "depth" / f"{name}.png").symlink_to(real / "depth" / f"{name}.png")
    random = np.random.default_rng(0)
    for index in range(len(names), count):
        colours = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
        colours.resize(size[::-1], Image.Resampling.BICUBIC).save(folder / f"rgb/s{index}.jpg")
        depth = np.linspace(1000, 6000, size[0])[:, None] + random.integers(0, 500, (1, size[1]))
        Image.fromarray(depth.astype(np.uint16)).save(folder / f"depth/s{index}.png")
    return folder
