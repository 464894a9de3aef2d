"""Videos frame by frame: upright, with their time stamps, in constant memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from neardepth.errors import VideoError
from neardepth.imaging.photos import MIN_SIDE
from neardepth.video.gaps import Gaps

_FALLBACK_RATE = Fraction(25)
_GIVE_UP = 16  # failures one after the other to read on
_SLACK = 0.5  # seconds by which a sound track or a rounded duration may outlast the pictures


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    ``pts`` counts in the video's ``time_base`` from the file's start, and rises from frame to
    frame; ``time`` is the same in seconds. ``lost`` says how many frames went missing before it, of
    those asked for.
    """

    image: NDArray[np.uint8]
    """Upright RGB, H×W×3."""
    pts: int
    time: float
    lost: int = 0


class VideoFile:
    """A video file and what it says of itself.

    Attributes:
        width, height: of the upright picture, pixels.
        rotation: degrees that stored pictures are turned by, counter-clockwise.
        time_base: seconds of one count of a frame's ``pts``.
        rate: average frames a second.
        aspect: width of an upright pixel over its height.
        duration: seconds, None where the file does not say.
        frames: number of frames the file says it has, or that its duration makes likely; None
            where it says nothing.
        lost: how many frames of those last read did not come, known when all have been read:
            they could not be decoded, or the times of a steady rate leave a gap, or the file ends
            before its duration.
        metadata: the file's own notes.

    Raises:
        VideoError: the file cannot be read, or has no pictures.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.lost = self._failed = 0
        with closing(self._open()) as container:
            stream = _pictures(container, self.path)
            first = next(self._decoded(container, stream), None)
            if first is None:
                raise VideoError(f"{self.path} has no picture that can be decoded.")
            self._read_facts(container, stream, first)

    def _read_facts(
        self, container: InputContainer, stream: VideoStream, first: VideoFrame
    ) -> None:
        self.rotation = round(first.rotation / 90) % 4 * 90
        self._size = first.width, first.height
        turned = self.rotation in (90, 270)
        self.width, self.height = self._size[::-1] if turned else self._size
        if min(self._size) < MIN_SIDE:
            raise VideoError(
                f"{self.path} has {self.width} × {self.height} pixels: each side needs {MIN_SIDE}."
            )
        self.time_base = stream.time_base or Fraction(1, 90000)
        self.rate = stream.average_rate or stream.guessed_rate or _FALLBACK_RATE
        aspect = stream.sample_aspect_ratio or Fraction(1)
        self.aspect = 1 / aspect if turned else aspect
        self.start = Fraction(container.start_time or 0, av.time_base)
        self.metadata = dict(container.metadata)
        # AVI has no times of presentation, and what is made of them jumps; its rate is constant.
        self._timed = container.format.name != "avi"
        self.duration = _duration(container, stream)
        likely = None if self.duration is None else max(1, round(self.duration * self.rate))
        self._stated = stream.frames or None
        self.frames = self._stated or likely

    def read(
        self, start: float = 0.0, end: float | None = None, after: int | None = None
    ) -> Iterator[Frame]:
        """Yield the frames from ``start`` up to before ``end`` seconds, those after ``after`` only.

        What cannot be decoded is left out and counted in `lost`; the rest goes on.
        """
        self.lost = self._failed = 0
        gaps, missing, skipped = Gaps(), 0, 0
        offset = round(self.start / self.time_base)
        first = max(round(start / self.time_base), -(1 << 62) if after is None else after + 1)
        last: int | None = None
        count = 0
        for frame in self._from(first + offset, start > 0 or after is not None):
            stated = frame.pts if self._timed else None
            if last is None:
                pts = 0 if stated is None else stated - offset
            elif stated is None:
                pts = last + self._step()
            else:
                pts = max(stated - offset, last + 1)
            if last is not None and self._timed:
                missing += gaps.missing(pts - last)
            last = pts
            count += 1
            # What fails to decode also leaves a gap: of both, the larger is near the truth.
            lost = max(self._failed, missing)
            if end is not None and pts * self.time_base >= end:
                return
            if pts >= first or (start == 0 and after is None):
                self.lost = lost - skipped
                yield Frame(self._upright(frame), pts, float(pts * self.time_base), self.lost)
            else:
                skipped = lost
        if end is None:
            self._count_lost(last, count if start == 0 and after is None else None)

    def _step(self) -> int:
        return max(1, round(1 / (self.rate * self.time_base)))

    def samples(self, count: int, start: float = 0.0, end: float | None = None) -> Iterator[Frame]:
        """Yield about ``count`` frames spread over the time, the first alone where it is not known.

        Of AVI, in which there is no seeking by time, they come from the first ``count`` seconds.
        """
        until = self.duration if end is None else min(end, self.duration or end)
        if until is not None and not self._timed:
            until = min(until, start + count)
        times = [start] if until is None else np.linspace(start, until, count, endpoint=False)
        last: int | None = None
        for time in times:
            frame = next(self.read(float(time)), None)
            if frame is not None and (last is None or frame.pts > last):
                last = frame.pts
                yield frame

    def _from(self, first: int, seek: bool) -> Iterator[VideoFrame]:
        """Decode from a keyframe before a time on, or from the beginning where seeking fails."""
        with closing(self._open()) as container:
            stream = _pictures(container, self.path)
            stream.thread_type = "AUTO"
            if seek and self._seek(container, stream, first):
                yield from self._decoded(container, stream)
                return
        with closing(self._open()) as container:
            stream = _pictures(container, self.path)
            stream.thread_type = "AUTO"
            yield from self._decoded(container, stream)

    def _seek(self, container: InputContainer, stream: VideoStream, first: int) -> bool:
        """Go to the keyframe before ``first``; whether it is sure to have worked."""
        try:
            if not self._timed:
                return False
            container.seek(max(first, 0), stream=stream)
            reached = next(self._decoded(container, stream), None)
            if reached is None or reached.pts is None or reached.pts > first:
                return False
            container.seek(max(first, 0), stream=stream)
        except (av.FFmpegError, OSError):
            return False
        return True

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """Yield the pictures that can be decoded, over damaged places and up to a damaged end."""
        failures = 0
        while failures < _GIVE_UP:
            try:
                for packet in container.demux(stream):
                    yield from self._pictures_of(packet)
                    failures = 0
                return
            except av.FFmpegError:  # noqa: PERF203  (reading on finds the next whole packet)
                failures += 1

    def _pictures_of(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            return packet.decode()
        except av.FFmpegError:
            self._failed += 1
            return []

    def _upright(self, frame: VideoFrame) -> NDArray[np.uint8]:
        width, height = self._size  # a stream may change its size on the way
        image = np.asarray(frame.to_ndarray(format="rgb24", width=width, height=height), np.uint8)
        return np.ascontiguousarray(np.rot90(image, self.rotation // 90))

    def _count_lost(self, last: int | None, count: int | None) -> None:
        """Count what the file says it has but did not come at its end, as far as can be told.

        ``last`` is the time of the last frame, ``count`` the number of all, if all were read.
        """
        if last is None or self.duration is None:
            return
        missing = self.duration - float((last + self._step()) * self.time_base)
        ended = missing > max(_SLACK, 0.01 * self.duration)
        if ended:
            self.lost += round(missing * self.rate)
        # A stated number may count frames that are not to be shown: alone it proves nothing, but of
        # AVI, which has no such frames and no times.
        if (ended or not self._timed) and self._stated is not None and count is not None:
            self.lost = max(self.lost, self._stated - count)

    def _open(self) -> InputContainer:
        try:
            if self.path.is_file() and self.path.stat().st_size == 0:
                raise VideoError(f"{self.path} is empty.")
            return av.open(str(self.path), metadata_errors="replace")
        except FileNotFoundError as cause:
            raise VideoError(f"{self.path} does not exist.") from cause
        except PermissionError as cause:
            raise VideoError(f"{self.path} may not be read: permission denied.") from cause
        except IsADirectoryError as cause:
            raise VideoError(f"{self.path} is a folder, not a file.") from cause
        except av.InvalidDataError as cause:
            raise VideoError(
                f"{self.path} is not a video, or its beginning or index is damaged: recover it "
                "first, for example with `untrunc` or a copy from the camera."
            ) from cause
        except (av.FFmpegError, OSError, ValueError) as cause:
            reason = getattr(cause, "strerror", None) or str(cause)
            raise VideoError(f"{self.path} cannot be read: {reason}.") from cause


def _pictures(container: InputContainer, path: Path) -> VideoStream:
    """Return the first stream of pictures; a cover of a sound file is none.

    Raises:
        VideoError: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise VideoError(f"{path} is of a kind that this build of PyAV cannot decode.")
            return stream
    what = "only sound" if container.streams.audio else "no pictures and no sound"
    raise VideoError(f"{path} has {what}: give a video.")


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Return how many seconds the pictures last, None where only a longer sound track tells."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    stated = stream.metadata.get("DURATION", "")  # Matroska
    parts = stated.split(":")
    try:
        if len(parts) == 3:
            seconds = sum(float(part) * 60**power for power, part in enumerate(reversed(parts)))
            return float(seconds - Fraction(container.start_time or 0, av.time_base))
    except ValueError:
        pass
    return float(container.duration / av.time_base) if container.duration else None
