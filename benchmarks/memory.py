"""Peak memory of a batch of photos, few and many, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from common import Row

BATCH = """
import sys
from itertools import cycle, islice
from neardepth import DepthEstimator
estimator = DepthEstimator(sys.argv[1])
for result in estimator.map(islice(cycle(sys.argv[3:]), int(sys.argv[2]))):
    pass
print(next(int(l.split()[1]) for l in open("/proc/self/status") if "VmHWM" in l) / 1024)
"""


def measure(pool: Path, photos: list[Path]) -> Row:
    """Compare 8 photos with 64: memory must not grow with their number."""

    def peak(count: int) -> float:
        command = [sys.executable, "-c", BATCH, pool, str(count), *photos]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        return float(done.stdout)

    return Row("peak memory, 64 photos", peak(64), peak(8), "MB", "8 photos", "≤ 1.05")
