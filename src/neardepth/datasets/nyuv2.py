"""NYU Depth v2: the labelled file ``nyu_depth_v2_labeled.mat`` with its official split.

The file is MATLAB 7.3 (HDF5), whose axes are the reverse of MATLAB's; images are read one by one,
so memory stays flat. The split is another file, ``splits.mat`` (MATLAB 5), looked for beside it;
its indices are 1-based and interleaved.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.matfiles import load_mat5, open_hdf5
from neardepth.datasets.pair import PairRef, RgbdPair, Source
from neardepth.errors import PoolError
from neardepth.imaging.depthmaps import encode_depth
from neardepth.imaging.intrinsics import Intrinsics

SOURCE = "nyuv2"
COUNT, TRAIN_COUNT, TEST_COUNT = 1449, 795, 654
LABELLED_FILE = "nyu_depth_v2_labeled.mat"
LABELLED_URL = f"https://horatio.cs.nyu.edu/mit/silberman/nyu_depth_v2/{LABELLED_FILE}"
SPLITS_FILE = "splits.mat"
SPLITS_URL = f"https://horatio.cs.nyu.edu/mit/silberman/indoor_seg_sup/{SPLITS_FILE}"
INTRINSICS = Intrinsics(518.8579, 519.4696, 325.5824, 253.7362)  # of the 480x640 frames


def nyuv2_pairs(path: str | os.PathLike[str], *, raw: bool = False) -> Source:
    """List the pairs of the labelled file, ids ``nyuv2/0001`` on (the official 1-based index).

    Each pair has its split ("train" or "test"), scene and intrinsics; its photo is a lossless PNG.

    Args:
        path: The ``.mat`` file, with ``splits.mat`` beside it.
        raw: Take the sensor's own depth, unknown where it saw nothing, not the in-painted one.

    Raises:
        PoolError: A file is missing, damaged or not the one expected, or `h5py` or `scipy` is not
            installed. Damage inside an image shows when that pair is loaded.
    """
    path = Path(path)
    file = _Labelled(path, "rawDepths" if raw else "depths")
    train, test = read_splits(path.with_name(SPLITS_FILE), file.count)
    split_of = dict.fromkeys(train, "train") | dict.fromkeys(test, "test")
    scenes = file.scenes()

    def reference(index: int) -> PairRef:
        pair_id = f"{SOURCE}/{index:04d}"

        def load() -> RgbdPair:
            image, depth = file.read(index)
            return RgbdPair(
                id=pair_id,
                source=SOURCE,
                image=image,
                depth=encode_depth(depth),
                split=split_of.get(index),
                scene=scenes[index - 1],
                intrinsics=INTRINSICS,
            )

        return PairRef(pair_id, load)

    return Source(SOURCE, tuple(reference(index) for index in range(1, file.count + 1)))


def read_splits(path: Path, count: int = COUNT) -> tuple[list[int], list[int]]:
    """Read the official split: 1-based indices of the training and of the test images.

    Args:
        path: ``splits.mat``.
        count: Images in the labelled file; for the full 1449 the split must be 795 and 654.

    Raises:
        PoolError: The file is missing, damaged or does not fit.
    """
    if not path.is_file():
        raise PoolError(
            f"{path}: the official split of NYU Depth v2 is missing; fetch it with"
            f" `neardepth data fetch nyuv2` or from {SPLITS_URL} and put it there"
        )
    train, test = (_indices(path, field, count) for field in ("trainNdxs", "testNdxs"))
    if set(train) & set(test):
        raise PoolError(f"{path}: training and test images overlap, so it is not the official one")
    if count == COUNT and (len(train), len(test)) != (TRAIN_COUNT, TEST_COUNT):
        raise PoolError(
            f"{path}: {len(train)} training and {len(test)} test images instead of"
            f" {TRAIN_COUNT} and {TEST_COUNT}; fetch the official file from {SPLITS_URL}"
        )
    return train, test


def check_complete(path: str | os.PathLike[str]) -> None:
    """Make sure that the labelled file has its 1449 images and its official split beside it.

    Raises:
        PoolError: It has fewer or more, or the split does not fit.
    """
    path = Path(path)
    count = _Labelled(path, "depths").count
    if count != COUNT:
        raise PoolError(f"{path} holds {count} images instead of the {COUNT} of NYU Depth v2")
    read_splits(path.with_name(SPLITS_FILE))


def _indices(path: Path, field: str, count: int) -> list[int]:
    values = np.ravel(load_mat5(path, field))
    if not np.issubdtype(values.dtype, np.number) or not np.isin(values, range(1, count + 1)).all():
        raise PoolError(f"{path}: {field} must hold indices from 1 to {count}")
    indices = [int(value) for value in values]
    if len(set(indices)) != len(indices):
        raise PoolError(f"{path}: {field} holds an index twice")
    return indices


class _Labelled:
    """The open labelled file, its structure checked; `read` may be called from any thread."""

    def __init__(self, path: Path, depth_field: str) -> None:
        self.path = path
        self._file = open_hdf5(path)
        self._images = self._field("images", 4)
        self._depths = self._field(depth_field, 3)
        self.count = len(self._images)
        _, channels, width, height = self._images.shape
        if channels != 3 or self._images.dtype != np.uint8:
            raise PoolError(
                f"{path}: images must be N×3×W×H uint8, not {self._images.shape}"
                f" {self._images.dtype}"
            )
        if self._depths.shape != (self.count, width, height) or self._depths.dtype.kind != "f":
            raise PoolError(
                f"{path}: {depth_field} must be {(self.count, width, height)} floats to fit the"
                f" images, not {self._depths.shape} {self._depths.dtype}"
            )

    def read(self, index: int) -> tuple[bytes, NDArray[np.float32]]:
        """Read the 1-based image as PNG bytes and its depth as H×W metres, 0 where unknown."""
        try:
            image = self._images[index - 1].transpose(2, 1, 0)
            depth = self._depths[index - 1].T.astype(np.float32)
        except OSError as error:
            raise PoolError(f"{self.path}: image {index} is damaged ({error})") from error
        _, png = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
        return png.tobytes(), depth

    def scenes(self) -> list[str]:
        """Read the scene of each image; a cell array is one of references to 16-bit text."""
        cells = np.ravel(self._field("scenes", 2))
        if len(cells) != self.count:
            raise PoolError(f"{self.path}: {len(cells)} scenes for {self.count} images")
        try:
            return [
                np.asarray(self._file[cell], np.uint16).tobytes().decode("utf-16-le")
                for cell in cells
            ]
        except (KeyError, OSError, TypeError, ValueError) as error:
            raise PoolError(f"{self.path}: the field scenes is damaged ({error})") from error

    def _field(self, name: str, dimensions: int) -> Any:
        try:
            field = self._file[name]
        except KeyError as error:
            raise PoolError(
                f"{self.path} lacks the field {name}: it is not {LABELLED_FILE}"
            ) from error
        if getattr(field, "ndim", None) != dimensions:
            raise PoolError(f"{self.path}: the field {name} must have {dimensions} dimensions")
        return field
