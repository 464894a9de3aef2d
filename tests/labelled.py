"""A small NYU Depth v2 file in the published layout, with its split beside it."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import scipy.io

from scenes import scene


def write_nyu(
    folder: Path, count: int, train: list[int], test: list[int], size: tuple[int, int] = (48, 64)
) -> Path:
    """Write the .mat (HDF5, axes reversed, scenes of two frames) and splits.mat.

    The raw depth lacks the left quarter and is 1 m larger, so that it cannot be mistaken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nyu_depth_v2_labeled.mat"
    photos, depths = zip(*(scene(seed, size) for seed in range(count)), strict=True)
    raw = np.stack(depths) + np.float32(1)
    raw[..., : size[1] // 4] = 0
    with h5py.File(path, "w", userblock_size=512) as file:
        file["images"] = np.stack(photos).transpose(0, 3, 2, 1)
        file["depths"] = np.stack(depths).transpose(0, 2, 1)
        file["rawDepths"] = raw.transpose(0, 2, 1)
        cells = file.create_dataset("scenes", (1, count), h5py.ref_dtype)
        for number in range(count):
            units = np.frombuffer(f"room_{number // 2:04}".encode("utf-16-le"), np.uint16)
            cells[0, number] = file.create_dataset(f"#refs#/{number}", data=units[:, None]).ref
    columns = (np.array(part, np.uint16)[:, None] for part in (train, test))
    parts = dict(zip(("trainNdxs", "testNdxs"), columns, strict=True))
    scipy.io.savemat(folder / "splits.mat", parts)
    return path
