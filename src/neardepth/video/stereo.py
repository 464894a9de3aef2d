"""Stereo videos: each frame for two eyes, with one rig for the whole video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import GeometryError, MethodError
from neardepth.geometry.camera import z_depth
from neardepth.geometry.layouts import Layout, find_layout
from neardepth.geometry.rig import Rig, choose_rig
from neardepth.geometry.scene import Scene
from neardepth.geometry.stereo import Eye, StereoPair, render_stereo
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.video.outputs import Output, Picture, notes_of, suffix_for
from neardepth.video.reading import Frame, VideoFile


@dataclass(frozen=True)
class StereoOptions:
    """Which stereo videos to write; see `Scene.stereo` for all but the layouts.

    Raises:
        MethodError: there is no such layout, or two numbers are given that exclude each other.
    """

    layouts: tuple[str, ...]
    eye_mm: float | None = None
    max_disparity: float | None = None
    convergence: float | None = None
    screen: tuple[float, float] | None = None
    keep: Eye | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layouts", tuple(dict.fromkeys(self.layouts)))  # each once
        for name in self.layouts:
            find_layout(name)
        if self.max_disparity is not None and (self.eye_mm is not None or self.screen is not None):
            raise MethodError("give the eyes' distance or a maximum disparity, not both")


def plan_stereo(
    samples: Sequence[NDArray[np.float32]], scene: Scene, options: StereoOptions
) -> dict[str, Any]:
    """Choose one rig from depth all over the video, so that the screen stays where it is.

    Args:
        samples: depth maps of some frames, perhaps thinned out.
        scene: one of the frames, for the camera and the kind of depth.
        options: the user's.

    Returns:
        Plain data: the rig, and the nearest and the farthest parallax in per cent of the width.

    Raises:
        MethodError: a number is out of range.
        GeometryError: nothing is known of the depth.
    """
    z = np.concatenate([_z(sample, scene) for sample in samples])
    if not np.isfinite(z).any():
        raise GeometryError("no depth is known: there is nothing to render in stereo.")
    scale = scene.depth.shape[1] / z.shape[1]
    thin = choose_rig(
        z,
        scene.camera.fx / scale,
        eye_mm=options.eye_mm,
        max_disparity=options.max_disparity,
        convergence=options.convergence,
        screen=options.screen,
    )
    return {"rig": asdict(thin.scaled(scale)), "parallax": thin.percent_of_width(z)}


def _z(sample: NDArray[np.float32], scene: Scene) -> NDArray[np.float32]:
    if scene.kind == "z":
        return sample
    scale = np.array(sample.shape) / scene.depth.shape
    return z_depth(sample, scene.camera.scaled(scale[1], scale[0]))


def stereo_outputs(
    folder: Path, stem: str, video: VideoFile, plan: dict[str, Any], options: StereoOptions
) -> list[Output]:
    """Return the stereo videos, one a picture of each layout, with the sound.

    ``plan`` is the conversion's.
    """
    rig = Rig(**plan["stereo"]["rig"])
    camera = Intrinsics(**plan["camera"]) if plan["depth_kind"] == "ray" else None
    eyes = _Eyes(rig, options.keep, camera)
    outputs = []
    for name in options.layouts:
        layout = find_layout(name)
        notes = notes_of(
            video, f"stereo {name}, screen at {rig.convergence:.2f} m, {rig.strength:.6g} px m"
        )
        outputs += [
            Output(
                f"stereo-{name}-{number}",
                folder / f"{stem}{suffix}{suffix_for(video)}",
                _Draw(eyes, layout, number),
                notes,
                sound=True,
                full_colour=layout.mixed,
            )
            for number, suffix in enumerate(layout.suffixes)
        ]
    return outputs


class _Eyes:
    """Renders each frame once, however many videos show it."""

    def __init__(self, rig: Rig, keep: Eye | None, camera: Intrinsics | None) -> None:
        self._rig, self._keep, self._camera = rig, keep, camera
        self._last: tuple[int, StereoPair] | None = None

    def __call__(self, frame: Frame, depth: NDArray[np.float32]) -> StereoPair:
        if self._last is None or self._last[0] != frame.pts:
            self._last = frame.pts, self._render(frame.image, depth)
        return self._last[1]

    def _render(self, image: NDArray[np.uint8], depth: NDArray[np.float32]) -> StereoPair:
        if not np.isfinite(depth).any():  # a frame of which nothing is known is shown flat
            nothing = np.zeros(depth.shape, np.bool_)
            return StereoPair(image, image, nothing, nothing)
        z = depth if self._camera is None else z_depth(depth, self._camera)
        return render_stereo(image, z, self._rig, keep=self._keep)


@dataclass(frozen=True, eq=False)
class _Draw:
    eyes: _Eyes
    layout: Layout
    number: int

    def __call__(self, frame: Frame, depth: NDArray[np.float32]) -> Picture:
        pair = self.eyes(frame, depth)
        return self.layout.arrange(pair.left, pair.right)[self.number]
