"""Steps 1 and 2 of the kernel method with one encoder: what a pool keeps of a photo's views."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder
from neardepth.imaging.photos import Photo
from neardepth.pool.descriptors import AnyDescriber, Describer, table_name
from neardepth.steps.dense import CELLS, GRIDS, at_cells, halves, pooled
from neardepth.steps.views import IMAGES, SAMPLED_CELLS, ZOOMS, Crop, Draw, blurred, draw, frame

_RECIPE = 2
"""Counted up whenever views or features change their numbers: older tables then are stale."""

_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Layout:
    """How the numbers of a photo lie in its row of the table, float16 each.

    Top and left of each crop, the indices of the sampled cells, `pooled` of the photo, of each crop
    and of the blurred copy, and every channel at the photo's sampled cells.
    """

    channels: tuple[int, ...]
    """Of each level of `GRIDS`."""

    @property
    def pooled(self) -> int:
        """Numbers of `steps.dense.pooled`."""
        return sum(sum(half.values()) for half in self.halves)

    @property
    def halves(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many of these are sums and differences; see `steps.dense.halves`."""
        return halves(dict(zip(GRIDS, self.channels, strict=True)))

    @property
    def _starts(self) -> NDArray[np.intp]:
        sizes = (2 * len(ZOOMS), SAMPLED_CELLS, IMAGES * self.pooled)
        return np.cumsum((0, *sizes, SAMPLED_CELLS * sum(self.channels)))

    @property
    def dim(self) -> int:
        """Numbers of a row."""
        return int(self._starts[-1])

    def row(
        self,
        crops: Sequence[Crop],
        cells: NDArray[np.intp],
        views: NDArray[np.float32],
        local: NDArray[np.float32],
    ) -> NDArray[np.float16]:
        """Put a row together."""
        places = [side for crop in crops for side in (crop.top, crop.left)]
        parts = [np.array(places), cells, views.ravel(), local.ravel()]
        values = np.clip(np.concatenate(parts), -_LARGEST, _LARGEST)
        return np.asarray(values, np.float16)

    def crops(self, row: NDArray[np.float16]) -> list[Crop]:
        """Return the crops of a row."""
        places = row[: self._starts[1]].astype(float).reshape(-1, 2).tolist()
        return [Crop(zoom, *place) for zoom, place in zip(ZOOMS, places, strict=True)]

    def cells(self, rows: NDArray[np.float16]) -> NDArray[np.intp]:
        """Return the sampled cells of rows, N×SAMPLED_CELLS."""
        return rows[:, self._starts[1] : self._starts[2]].astype(np.intp)

    def sampled(self, rows: NDArray[np.float16]) -> NDArray[np.float16]:
        """Return what says which crops and cells rows are of, the same for every network."""
        return rows[:, : self._starts[2]]

    def view(self, rows: NDArray[np.float16], index: int) -> NDArray[np.float16]:
        """Return `pooled` of the photo (0), of a crop or of the blurred copy of rows, N×D."""
        return rows[:, slice(*self.span(index))]

    def span(self, index: int) -> tuple[int, int]:
        """Return where `view` starts and ends in a row."""
        start = int(self._starts[2]) + index * self.pooled
        return start, start + self.pooled

    def local(self, rows: NDArray[np.float16]) -> NDArray[np.float16]:
        """Return the channels at the sampled cells of rows, N×SAMPLED_CELLS×ΣC."""
        flat = rows[:, self._starts[3] :]
        shaped: NDArray[np.float16] = flat.reshape(len(rows), SAMPLED_CELLS, sum(self.channels))
        return shaped


@dataclass(frozen=True, eq=False)
class ViewDescriber:
    """Describes a photo's views by a network's maps; stands where a `Describer` does."""

    encoder: Encoder

    dtype = np.float16
    grid = None
    tiles = IMAGES
    """Images the network sees of a photo."""

    @cached_property
    def layout(self) -> Layout:
        """How a row lies."""
        return Layout(tuple(self.encoder.map_channels.get(level, 0) for level in GRIDS))

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that change with weights, preprocessing and recipe."""
        info = self.encoder.info()
        facts = [info["weights_hash"], info["preprocessing"], self.layout.dim, _RECIPE]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def key(self) -> str:
        """Name of the table."""
        return table_name(self.encoder, self.fingerprint, "views")

    @property
    def dim(self) -> int:
        """Numbers kept of a photo."""
        return self.layout.dim

    @property
    def whole(self) -> tuple[int, int]:
        """Where the features of the photo as it is lie, those of its other views left out."""
        return self.layout.span(0)

    def prepare(self, photo: Photo) -> tuple[Draw, NDArray[np.uint8]]:
        """Make a photo's views: what was drawn for them, and their images, N×H×W×3 uint8."""
        drawn = draw(photo.image, CELLS[0] * CELLS[1])
        whole = frame(photo.image)
        parts = [photo.image[crop.of(photo.image.shape)] for crop in drawn.crops]
        parts.append(blurred(whole, drawn.reduction))
        return drawn, np.stack([whole, *(frame(part, whole.shape[:2]) for part in parts)])

    def describe(self, prepared: Sequence[tuple[Draw, NDArray[np.uint8]]]) -> NDArray[np.float16]:
        """Run the network on prepared photos; N×dim."""
        rows = []
        for drawn, views in prepared:
            maps = self.encoder.maps(views, list(GRIDS))
            local = at_cells({name: values[0] for name, values in maps.items()}, drawn.cells)
            rows.append(self.layout.row(drawn.crops, drawn.cells, pooled(maps), local))
        return np.stack(rows)


def make_describer(encoder: Encoder, grid: tuple[int, int] | None) -> AnyDescriber:
    """Describe by tiles of a grid, or by views where there is none."""
    return ViewDescriber(encoder) if grid is None else Describer(encoder, grid)
