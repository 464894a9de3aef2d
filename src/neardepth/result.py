"""The answer for one photo: depth in metres, the neighbours behind it, and how to keep both."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import neardepth
from neardepth.errors import DepthMapError, MethodError
from neardepth.imaging import depthmaps, panels
from neardepth.imaging.colour import known_sample
from neardepth.imaging.files import make_folder, printable, write_file
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo

if TYPE_CHECKING:
    from neardepth.geometry.cloud import PointCloud
    from neardepth.geometry.mesh import Mesh
    from neardepth.geometry.scene import Scene
    from neardepth.geometry.stereo import Eye, StereoPair

Evidence = Sequence[panels.Pictures | None]
"""RGB photo and depth map in metres of each neighbour; None where they are not at hand."""


@dataclass(frozen=True)
class Neighbour:
    """An image of the pool that looks like the photo.

    ``correlation`` is the Pearson correlation of the descriptors; ``weight`` its share of the
    fusion (the kept ones sum to 1; 0 when dropped). Of solved weights, which may be negative, any
    sum is possible.
    """

    id: str
    correlation: float
    weight: float
    kept: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class DepthResult:
    """The estimate for one photo; all maps are H×W of the photo, float32 metres, NaN = unknown.

    ``depth`` is the answer: refined, and filled when that was asked for (``filled`` marks
    where). ``fused`` is the depth before refinement. ``method`` and ``pool`` say in plain data
    what was used. ``evidence`` gives each neighbour's RGB photo and depth map on demand, for
    :meth:`explain`.

    Of solved weights, ``uncertainty`` is half the calibrated 68 % interval (times ``factor95`` the
    95 % one), ``neighbours`` come by the size of their weight, ``nearest`` is the most correlated
    image, and ``low_confidence`` says that the photo is unlike the pool. Of the other methods,
    ``uncertainty`` is the weighted standard deviation of the kept neighbours, NaN where fewer than
    two know, ``neighbours`` come most correlated first, and with ``low_confidence`` none passed
    the threshold and the best one was kept.
    """

    photo: Photo
    depth: NDArray[np.float32]
    fused: NDArray[np.float32]
    uncertainty: NDArray[np.float32]
    neighbours: tuple[Neighbour, ...]
    low_confidence: bool
    method: Mapping[str, object]
    pool: Mapping[str, object]
    evidence: Callable[[], Evidence]
    intrinsics: Intrinsics | None = None
    filled: NDArray[np.bool_] | None = None
    factor95: float | None = None
    nearest: Neighbour | None = None

    def __post_init__(self) -> None:
        shape = self.photo.image.shape[:2]
        for name in ("depth", "fused", "uncertainty"):
            _check(name, getattr(self, name), shape, np.float32)
        if self.filled is not None:
            _check("filled", self.filled, shape, np.bool_)
        if not self.neighbours:
            raise ValueError("an estimate has at least one neighbour")

    def interval(self, coverage: float = 0.68) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the nearest and the farthest that depth may be, H×W metres each.

        So large a share of the pixels lies between, on photos like the pool's: calibrated on the
        pool, each run of pairs left out in turn. Errors of one photo's pixels go together.

        Raises:
            MethodError: the method's spread is not calibrated (only solved weights' is).
            ValueError: another coverage is asked for.
        """
        if coverage not in (0.68, 0.95):
            raise ValueError(f"intervals cover 0.68 or 0.95 of the pixels, not {coverage}")
        if self.factor95 is None:
            raise MethodError(
                f"method {self.method.get('name')} has no calibrated intervals; use kernel"
            )
        factor = self.factor95 if coverage == 0.95 else 1.0
        with np.errstate(invalid="ignore"):
            width = np.exp(np.float32(factor) * self.uncertainty / self.depth)
        return self.depth / width, self.depth * width

    def save(
        self,
        directory: str | os.PathLike[str],
        stem: str | None = None,
        *,
        npz: bool = False,
        exr: bool = False,
        preview: bool = True,
    ) -> list[Path]:
        """Write the result into ``directory`` (made if needed) and return the files' paths.

        STEM is the photo's name without its ending unless given:

        - ``STEM.depth.png``: 16-bit, its unit in the file (see :func:`write_depth_png`);
        - ``STEM.preview.png``: colours with a bar in metres;
        - ``STEM.npz``: depth, fused, uncertainty, filled, and the sidecar's text as ``json``;
        - ``STEM.exr``: float32 metres, NaN = unknown;
        - ``STEM.depth.json``: :meth:`summary` and the PNG's unit. It is written last: where
          it is, the others are.

        Each file appears whole or not at all. Raises :class:`DepthMapError` naming the file.
        """
        folder = Path(directory)
        make_folder(folder, DepthMapError)
        base = Path(stem).name if stem else Path(self.photo.name).stem or "photo"
        png = folder / f"{base}.depth.png"
        unit = depthmaps.write_depth_png(png, self.depth)
        written = [png]
        summary = self.summary()
        summary["depth_png"] = {"file": png.name, "metres_per_count": unit, "unknown_count": 0}
        sidecar = (
            printable(json.dumps(summary, indent=2, ensure_ascii=False, default=_plain)) + "\n"
        )
        if preview:
            written.append(folder / f"{base}.preview.png")
            write_file(written[-1], _png(self.preview()), DepthMapError)
        if npz:
            written.append(folder / f"{base}.npz")
            depthmaps.write_npz(written[-1], **self._arrays(), json=np.array(sidecar))
        if exr:
            written.append(folder / f"{base}.exr")
            depthmaps.write_depth_exr(written[-1], self.depth)
        written.append(folder / f"{base}.depth.json")
        write_file(written[-1], sidecar.encode(), DepthMapError)
        return written

    def preview(self) -> Image.Image:
        """Draw the depth in colour with a bar in metres."""
        return panels.preview(self.depth)

    def show(self) -> None:
        """Open the preview in the desktop's picture viewer."""
        self.preview().show(title=self.photo.name)

    def save_explanation(self, path: str | os.PathLike[str]) -> None:
        """Write the picture of :meth:`explain` as PNG; its folder is made if needed.

        Raises :class:`DepthMapError` where the name does not end in .png or writing fails.
        """
        if Path(path).suffix.lower() != ".png":
            raise DepthMapError(f"{path} cannot be written: the picture is a PNG, name it .png.")
        make_folder(Path(path).parent, DepthMapError)
        write_file(path, _png(self.explain()), DepthMapError)

    def explain(self) -> Image.Image:
        """Draw the photo, its neighbours with correlation and depth, and each step's depth."""
        return panels.explain_panel(self, self.evidence())

    def point_cloud(self) -> PointCloud:
        """Return a coloured point for each pixel of known depth, in metres.

        ``point_cloud().save("room.ply")`` writes it; also .glb, .obj and .las.
        """
        return self._scene().point_cloud()

    def mesh(self, edge: float | None = None) -> Mesh:
        """Return triangles in metres between the pixels of each surface.

        ``mesh().save("room.glb")`` writes them; also .ply and .obj. Where the depth of
        neighbouring pixels differs by more than the share ``edge``, 0.05 if not given, there is
        a cut.
        """
        scene = self._scene()
        return scene.mesh() if edge is None else scene.mesh(edge)

    def stereo(
        self,
        *,
        eye_mm: float | None = None,
        max_disparity: float | None = None,
        convergence: float | None = None,
        screen: tuple[float, float] | None = None,
        keep: Eye | None = None,
    ) -> StereoPair:
        """Render what two eyes would have seen; the arguments are those of `Scene.stereo`."""
        return self._scene().stereo(
            eye_mm=eye_mm,
            max_disparity=max_disparity,
            convergence=convergence,
            screen=screen,
            keep=keep,
        )

    def _scene(self) -> Scene:
        from neardepth.geometry.scene import Scene

        return Scene.of_result(self)

    def summary(self) -> dict[str, object]:
        """Describe the result in plain data, as the JSON sidecar holds it."""
        height, width = self.depth.shape
        return {
            "software": f"neardepth {neardepth.__version__}",
            "photo": {"name": self.photo.name, "width": width, "height": height},
            "unit": "metre",
            "depth": self._statistics(),
            "low_confidence": self.low_confidence,
            "uncertainty": self._uncertainty(),
            "neighbours": [asdict(neighbour) for neighbour in self.neighbours],
            "intrinsics": asdict(self.intrinsics) if self.intrinsics else None,
            "method": dict(self.method),
            "pool": dict(self.pool),
        }

    def _uncertainty(self) -> dict[str, float | None]:
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = known_sample(self.uncertainty / self.depth)
        return {
            "median_relative": round(float(np.median(relative)), 4) if relative.size else None,
            "factor95": None if self.factor95 is None else round(self.factor95, 4),
        }

    def _statistics(self) -> dict[str, float | None]:
        known = np.count_nonzero(np.isfinite(self.depth))
        values: dict[str, float | None] = dict.fromkeys(("min", "median", "max"))
        if known:
            median = np.median(known_sample(self.depth))
            numbers = (np.fmin.reduce(self.depth, None), median, np.fmax.reduce(self.depth, None))
            values = {k: round(float(v), 4) for k, v in zip(values, numbers, strict=True)}
        values["known_share"] = round(known / self.depth.size, 4)
        if self.filled is not None:
            values["filled_share"] = round(float(self.filled.mean()), 4)
        return values

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        arrays: dict[str, NDArray[np.generic]] = {
            "depth": self.depth,
            "fused": self.fused,
            "uncertainty": self.uncertainty,
        }
        if self.filled is not None:
            arrays["filled"] = self.filled
        return arrays


def _check(
    name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type[np.generic]
) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(
            f"{name} must be {dtype.__name__} of shape {shape}, not {array.dtype} {array.shape}"
        )


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _plain(value: object) -> object:
    """Turn what settings may hold beside JSON's own types into those."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} cannot stand in a sidecar")
