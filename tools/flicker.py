"""How steady the depth of a video is, on walks through rendered rooms of known depth and poses.

    python tools/rooms out/walk --first-seed 100003 --path 126
    python tools/rooms out/other --first-seed 100010 --path 126
    python tools/flicker.py out/walk out/other

Each walk becomes a video, and `neardepth video` its depth, without and with the stabiliser. Points
seen in two successive frames are found from true depth and poses. Flicker is the mean over them of
the change of log depth less that of the true log depth. Of the end of the first walk followed by
the beginning of the second, the frames about the cut are shown.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neardepth import DepthEstimator
from neardepth.imaging.colour import colourise, depth_range
from neardepth.video import VideoOptions, convert_video, read_depth_video

RATE = 30
BEFORE_CUT, AFTER_CUT = 20, 4

_SAME = 0.01  # of log depth: beyond, the other frame shows something in front of the point

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class View:
    """A rendered frame: photo, true depth in metres, camera matrix and pose (camera to room)."""

    photo: NDArray[np.uint8]
    truth: Map
    matrix: NDArray[np.float64]
    pose: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairing:
    """Points of one frame (rows, columns) and where the next sees them (x, y)."""

    at: tuple[NDArray[np.intp], NDArray[np.intp]]
    x: Map
    y: Map
    change: Map
    """True change of log depth."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("walks", type=Path, nargs="+", help="folders of `tools/rooms --path`")
    parser.add_argument("--method", default="kernel-fast")
    parser.add_argument("--picture", type=Path, help="folder for a picture of each walk")
    arguments = parser.parse_args()
    walks = [list(views(folder)) for folder in arguments.walks]
    print("walk | frames | stabiliser | flicker | REL | RMSE (m) | cuts")
    for folder, walk in zip(arguments.walks, walks, strict=True):
        pairings = [pair(*two) for two in itertools.pairwise(walk)]
        plain, smooth, cuts = depths_of(walk, arguments.method)
        for on, depths in (("off", plain), ("on", smooth)):
            rel, rmse = errors(walk, depths)
            print(
                f"{folder.name} | {len(walk)} | {on} | {flicker(depths, pairings):.4f} | "
                f"{rel:.4f} | {rmse:.3f} | {cuts}"
            )
        if arguments.picture is not None:
            draw(arguments.picture / f"{folder.name}.png", walk, [plain, smooth])
    for first, second in itertools.pairwise(walks):
        report_cut(first, second, arguments.method)


def views(folder: Path) -> Iterator[View]:
    """Yield a walk's frames in order."""
    for path in sorted((folder / "scenes").glob("*.json")):
        record = json.loads(path.read_bytes())
        camera = record["camera"]
        with Image.open(folder / "rgb" / f"{path.stem}.jpg") as photo:
            pixels = np.asarray(photo.convert("RGB"))
        with Image.open(folder / "depth" / f"{path.stem}.png") as depth:
            metres = np.asarray(depth).astype(np.float32) / np.float32(1000)
        metres = np.where(metres > 0, metres, np.float32(np.nan)).astype(np.float32)
        matrix = np.array(
            [[camera["fx"], 0, camera["cx"]], [0, camera["fy"], camera["cy"]], [0, 0, 1.0]]
        )
        yield View(pixels, metres, matrix, np.array(record["pose"]))


def pair(first: View, second: View) -> Pairing:
    """Find the points of the first frame that the second sees too."""
    rows, columns = np.nonzero(np.isfinite(first.truth))
    depth = first.truth[rows, columns]
    rays = np.linalg.solve(first.matrix, np.stack([columns, rows, np.ones_like(rows)]))
    world = first.pose[:3, :3] @ (rays * depth) + first.pose[:3, 3:]
    own = second.pose[:3, :3].T @ (world - second.pose[:3, 3:])
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, _ = (second.matrix @ own / own[2]).astype(np.float32)
        change = np.log(own[2]).astype(np.float32) - np.log(depth)
        seen = np.abs(np.log(fetch(second.truth, x, y)) - np.log(own[2])) < _SAME
    return Pairing((rows[seen], columns[seen]), x[seen], y[seen], change[seen])


def fetch(values: Map, x: Map, y: Map) -> Map:
    """Return a map's values at places between pixels, NaN outside."""
    got = [
        cv2.remap(
            values,
            x[part][:, None],
            y[part][:, None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=float("nan"),
        )
        for part in np.array_split(np.arange(len(x)), len(x) // 30000 + 1)  # remap's limit is 32767
    ]
    return np.concatenate([part.ravel() for part in got]).astype(np.float32)


def flicker(depths: Sequence[Map], pairings: Sequence[Pairing]) -> float:
    """Return the mean over frames of the mean change of log depth beyond the true one."""
    values = []
    for (first, second), points in zip(itertools.pairwise(depths), pairings, strict=True):
        change = np.log(fetch(second, points.x, points.y)) - np.log(first[points.at])
        values.append(float(np.nanmean(np.abs(change - points.change))))
    return float(np.mean(values))


def errors(walk: Sequence[View], depths: Sequence[Map]) -> tuple[float, float]:
    """Return the mean relative error, and the mean over frames of the RMSE in metres."""
    rel = [np.nanmean(abs(d - v.truth) / v.truth) for v, d in zip(walk, depths, strict=True)]
    rmse = [np.sqrt(np.nanmean((d - v.truth) ** 2)) for v, d in zip(walk, depths, strict=True)]
    return float(np.mean(rel)), float(np.mean(rmse))


def depths_of(frames: Sequence[View], method: str) -> tuple[list[Map], list[Map], int]:
    """Return the depth that `neardepth video` gives without and with smoothing, and the cuts."""
    estimator = DepthEstimator(method=method, focal_px=float(frames[0].matrix[0, 0]))
    with tempfile.TemporaryDirectory() as name:
        clip = Path(name) / "walk.mp4"
        write(clip, frames)
        found = []
        for stabilise in (False, True):
            done = convert_video(clip, name, estimator, VideoOptions(stabilise=stabilise))
            found.append([frame.depth for frame in read_depth_video(done.files[1])])
        return found[0], found[1], done.cuts


def write(path: Path, frames: Sequence[View]) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", RATE, options={"crf": "16"})
        stream.height, stream.width = frames[0].photo.shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, view in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(view.photo, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def report_cut(first: Sequence[View], second: Sequence[View], method: str) -> None:
    """Compare the frames after a cut with those of the second walk alone."""
    tail, head = first[-BEFORE_CUT:], second[:AFTER_CUT]
    plain, smooth, cuts = depths_of([*tail, *head], method)
    truth = np.stack([view.truth for view in [*tail, *head]])
    print(f"cut: {cuts} found; smoothed less unsmoothed log depth (mean size), REL of both:")
    for place in range(BEFORE_CUT - 2, BEFORE_CUT + AFTER_CUT):
        change = np.nanmean(abs(np.log(smooth[place] / plain[place])))
        rel = [np.nanmean(abs(d[place] - truth[place]) / truth[place]) for d in (smooth, plain)]
        print(f"  frame {place - BEFORE_CUT:+d}: {change:.4f}, {rel[0]:.3f} and {rel[1]:.3f}")


def draw(path: Path, walk: Sequence[View], depths: Sequence[Sequence[Map]]) -> None:
    """Show the middle row of each frame, one below the other: photo, unsmoothed, smoothed."""
    row = walk[0].truth.shape[0] // 2
    photo = np.stack([view.photo[row] for view in walk])
    slices = [np.stack([depth[row] for depth in maps]) for maps in depths]
    limits = depth_range(*slices)
    gap = np.full((len(walk), 8, 3), 255, np.uint8)
    panels = [photo, *(colourise(part, *limits) for part in slices)]
    sheet = np.hstack([part for panel in panels for part in (panel, gap)][:-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path)


if __name__ == "__main__":
    main()
