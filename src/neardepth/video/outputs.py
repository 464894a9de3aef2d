"""The results of a conversion: what is written of each frame, and the files at the end."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth import __version__
from neardepth.errors import DepthMapError, VideoError
from neardepth.imaging.depthmaps import to_counts, write_depth_png
from neardepth.imaging.files import replacing, write_file
from neardepth.imaging.panels import PreviewSheet
from neardepth.video.depthvideo import DESCRIPTION, UNIT_KEY
from neardepth.video.encoding import Stretch
from neardepth.video.job import Job, damaged
from neardepth.video.joining import IN_MP4, join, sound_kinds
from neardepth.video.reading import Frame, VideoFile

Picture = NDArray[np.uint8] | NDArray[np.uint16]
Draw = Callable[[Frame, NDArray[np.float32]], Picture]


@dataclass(frozen=True, eq=False)
class Output:
    """One of the files: what to draw of a frame, and how it is kept."""

    kind: str
    target: Path
    draw: Draw
    notes: dict[str, str]
    depth: bool = False
    sound: bool = False
    square: bool = False
    """Whether its pixels are square whatever the video's are."""
    full_colour: bool = False
    """Whether each pixel keeps its own colour."""


class Outputs:
    """Writes frames into the job's stretches, and puts these together.

    Args:
        job: where the stretches are.
        video: the input.
        outputs: the files to write.
    """

    def __init__(self, job: Job, video: VideoFile, outputs: list[Output]) -> None:
        self.job, self.video, self.outputs = job, video, outputs
        self._open: dict[str, Stretch] = {}

    @property
    def kinds(self) -> list[str]:
        """Those of the files of each stretch."""
        return [output.kind for output in self.outputs]

    def add(self, frame: Frame, depth: NDArray[np.float32]) -> None:
        """Write a frame and its depth, H×W metres, into the stretch being written."""
        for output in self.outputs:
            picture = output.draw(frame, depth)
            stretch = self._open.get(output.kind)
            if stretch is None:
                stretch = self._open[output.kind] = Stretch(
                    self.job.path(output.kind),
                    picture.shape[:2],
                    depth=output.depth,
                    rate=self.video.rate,
                    time_base=self.video.time_base,
                    aspect=Fraction(1) if output.square else self.video.aspect,
                    full_colour=output.full_colour,
                )
            stretch.add(picture, frame.pts)

    def close(self) -> None:
        """End the stretch being written."""
        stretches, self._open = self._open, {}
        for stretch in stretches.values():
            stretch.close()

    def join(self, start: float, end: float | None) -> list[Path]:
        """Write the files from all finished stretches; return their paths."""
        for output in self.outputs:
            join(
                self.job.paths(output.kind),
                output.target,
                output.notes,
                self.video.path if output.sound else None,
                Fraction(start).limit_denominator(10**6),
                None if end is None else Fraction(end).limit_denominator(10**6),
            )
        return [output.target for output in self.outputs]


class PngSequence:
    """Depth as one 16-bit PNG a frame, and ``frames.csv`` with their times.

    Args:
        job: where the PNGs are until `finish`.
        folder: where they go.
    """

    def __init__(self, job: Job, folder: Path) -> None:
        self.folder, self._staged = folder, job.folder / "depth"

    def add(self, number: int, frame: Frame, depth: NDArray[np.float32]) -> None:
        """Write the PNG of a frame by its number in the results."""
        try:
            self._staged.mkdir(exist_ok=True)
            write_depth_png(self._staged / _png(number), depth)
        except (OSError, DepthMapError) as cause:
            raise VideoError(str(cause)) from cause

    def check(self, count: int) -> None:
        """Raise a VideoError where one of the first ``count`` PNGs is gone."""
        for name in map(_png, range(count)):
            if not (self._staged / name).is_file():
                raise damaged(self._staged / name)

    def finish(self, times: list[float]) -> Path:
        """Write the folder, the list of times in seconds last; return its path.

        Of what is in the folder only the PNGs that an earlier list names are removed.
        """
        index = self.folder / "frames.csv"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in _listed(index):
                (self.folder / name).unlink(missing_ok=True)
            index.unlink(missing_ok=True)
        except OSError as cause:
            raise VideoError(f"{self.folder} cannot be written: {cause.strerror}.") from cause
        for name in map(_png, range(len(times))):
            with replacing(self.folder / name, VideoError) as temporary:
                _link(self._staged / name, temporary)
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["file", "time_s"])
        table.writerows((_png(number), f"{time:.6f}") for number, time in enumerate(times))
        write_file(index, text.getvalue().encode(), VideoError)
        return self.folder


def _png(number: int) -> str:
    return f"{number:06d}.png"


def _listed(index: Path) -> list[str]:
    """Return the PNGs that a list of ours names; nothing where there is none."""
    try:
        with index.open(encoding="utf-8", newline="") as file:
            names = [row[0] for row in csv.reader(file) if row]
    except (FileNotFoundError, UnicodeError, csv.Error):
        return []
    return [name for name in names if re.fullmatch(r"[0-9]{6,}\.png", name)]


def _link(source: Path, target: Path) -> None:
    """Make a second name of a file, or a copy where the file system has none: the job keeps it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def preview_output(
    folder: Path, stem: str, video: VideoFile, limits: tuple[float, float], *, unknown: bool
) -> Output:
    """Colours with a bar in metres, one range for the whole video, and the sound.

    ``unknown`` says whether the bar names the colour of what is not known.
    """
    size = video.height, max(1, round(video.width * video.aspect))
    sheet = PreviewSheet(size, limits, unknown=unknown)

    def draw(frame: Frame, depth: NDArray[np.float32]) -> Picture:
        return np.asarray(sheet.draw(depth))

    notes = notes_of(video, f"depth in colours, {limits[0]:g} to {limits[1]:g} m")
    target = folder / f"{stem}.preview{suffix_for(video)}"
    return Output("preview", target, draw, notes, sound=True, square=True)


def depth_output(folder: Path, stem: str, video: VideoFile, unit: float) -> Output:
    """Depth as counts of 16 bits, FFV1 in Matroska."""

    def draw(frame: Frame, depth: NDArray[np.float32]) -> Picture:
        return to_counts(depth, unit)

    notes = notes_of(video, DESCRIPTION) | {UNIT_KEY: repr(unit)}
    return Output("depth", folder / f"{stem}.depth.mkv", draw, notes, depth=True)


def notes_of(video: VideoFile, description: str) -> dict[str, str]:
    """Return a file's notes: the input's title and date, and what this is."""
    kept = {
        key: value
        for key, value in video.metadata.items()
        if key.lower() in {"title", "creation_time", "date", "artist", "copyright", "location"}
    }
    made = f"neardepth {__version__}"
    return kept | {"description": description, "comment": f"{description}; made by {made}"}


def suffix_for(video: VideoFile) -> str:
    """Return .mp4, or .mkv where the sound does not go into MP4."""
    return ".mp4" if IN_MP4.issuperset(sound_kinds(video.path)) else ".mkv"
