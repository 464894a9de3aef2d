"""Smooths frames and writes them, one stretch after another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.depthmaps import MAX_COUNT
from neardepth.video.job import Job, damaged
from neardepth.video.options import VideoOptions
from neardepth.video.outputs import Outputs, PngSequence
from neardepth.video.reading import Frame, VideoFile
from neardepth.video.stabilise import Stabiliser

STRETCH = 240
"""Frames that are finished at a time: what a crash loses at most."""


class Writer:
    """Smooths and writes frames in order, one stretch after another; runs in one thread."""

    def __init__(
        self,
        job: Job,
        video: VideoFile,
        outputs: Outputs,
        sequence: PngSequence | None,
        options: VideoOptions,
    ) -> None:
        self.job, self.video, self.outputs = job, video, outputs
        self.sequence, self.options = sequence, options
        self.stabiliser = Stabiliser() if options.stabilise else None
        self.tally = replace(job.tally)
        self.failed = False
        self._lost_before = job.tally.lost
        self._times: list[float] = []
        self._last: Frame | None = None
        memory = job.memory()
        if memory is None:
            return
        try:
            self._times = memory["times"].tolist()
            if self.stabiliser is not None:
                self.stabiliser.restore(memory)
        except (KeyError, ValueError) as cause:
            raise damaged(job.memory_path) from cause
        if sequence is not None:
            sequence.check(len(self._times))

    def add(self, frame: Frame, depth: NDArray[np.float32], *, unlike: bool) -> None:
        """Take the next frame."""
        if self.stabiliser is not None:
            depth = self.stabiliser(frame.image, depth, frame.time)
            self.tally.cuts = self.stabiliser.cuts
        self.outputs.add(frame, depth)
        if self.sequence is not None:
            self.sequence.add(self.tally.frames, frame, depth)
        if self.options.depth_format == "ffv1":  # a PNG has a unit of its own
            most = self.job.plan["unit"] * MAX_COUNT
            self.tally.beyond += float(np.fmax.reduce(depth, None)) > most
        self.tally.unlike += unlike
        self.tally.lost = self._lost_before + frame.lost
        self.tally.frames += 1
        self._times.append(frame.time)
        self._last = frame
        if self.tally.frames - self.job.tally.frames >= STRETCH:
            self.finish_stretch()

    def finish_stretch(self) -> None:
        """End the stretch being written, if it has a frame."""
        if self._last is None:
            return
        self.outputs.close()
        memory: dict[str, Any] = {"times": np.array(self._times)}
        if self.stabiliser is not None:
            memory |= self.stabiliser.state()
        self.job.finish(self.tally, self._last.pts, self.outputs.kinds, memory)
        self._last = None

    def end(self) -> None:
        """Take note that the video has no more frames."""
        self.tally.lost = self._lost_before + self.video.lost

    def join(self, *, interrupted: bool) -> list[Path]:
        """Write the files of all that is finished; the sound ends with the pictures if these do."""
        cut = interrupted or self.options.end is not None
        end = self._times[-1] + float(1 / self.video.rate) if cut else None
        files = self.outputs.join(self.options.start, end)
        return files if self.sequence is None else [*files, self.sequence.finish(self._times)]
