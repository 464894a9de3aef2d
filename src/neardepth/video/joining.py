"""Puts stretches of a video together and adds another file's sound; nothing is coded anew."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from neardepth.errors import VideoError
from neardepth.imaging.files import replacing

IN_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
"""Kinds of sound that players expect in an MP4 file; others go into Matroska."""

_FORMATS = {".mp4": "mp4", ".mkv": "matroska"}

Timed: TypeAlias = "tuple[Fraction, int, Packet[Any]]"  # PyAV's class is generic to types only


def sound_kinds(path: Path) -> list[str]:
    """Return the codec of each sound track of a file."""
    with closing(av.open(str(path), metadata_errors="replace")) as container:
        return [_codec(stream) for stream in container.streams.audio]


def _codec(stream: AudioStream) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def join(
    stretches: Sequence[Path],
    target: Path,
    notes: Mapping[str, str],
    sound: Path | None = None,
    start: Fraction = Fraction(0),
    end: Fraction | None = None,
) -> None:
    """Write the stretches as one file, whole or not at all.

    Args:
        stretches: files of :class:`Stretch`, in order.
        target: an .mp4 or .mkv file.
        notes: for the file's metadata.
        sound: a file whose sound tracks are copied.
        start: seconds of the sound file that are second 0 of the target.
        end: seconds of the sound file from where on nothing is taken.

    Raises:
        VideoError: a file cannot be read or written.
    """
    with replacing(target, VideoError) as temporary, ExitStack() as opened:
        try:
            container = opened.enter_context(
                closing(av.open(str(temporary), "w", format=_FORMATS[target.suffix]))
            )
            container.metadata.update(notes)
            packets = [_pictures(stretches, container, start)]
            if sound is not None:
                source = opened.enter_context(
                    closing(av.open(str(sound), metadata_errors="replace"))
                )
                packets.append(_sound(source, container, start, end))
            # Each generator adds its streams before the first packet is written.
            for _, _, packet in heapq.merge(*packets, key=lambda timed: timed[:2]):
                container.mux_one(packet)
        except av.FFmpegError as cause:
            raise OSError(cause.errno, cause.strerror) from cause


def _pictures(
    stretches: Sequence[Path], container: OutputContainer, start: Fraction
) -> Iterator[Timed]:
    stream: VideoStream | None = None
    for path in stretches:
        with closing(av.open(str(path))) as part:
            own = part.streams.video[0]
            if stream is None:
                stream = container.add_stream_from_template(own)
                stream.time_base = own.time_base
                base = own.time_base or Fraction(1)
                offset = round(start / base)
            for packet in part.demux(own):
                if packet.pts is None:  # the end
                    continue
                packet.pts -= offset
                packet.dts = packet.pts
                packet.stream = stream
                yield packet.pts * base, 0, packet


def _sound(
    source: InputContainer, container: OutputContainer, start: Fraction, end: Fraction | None
) -> Iterator[Timed]:
    """Yield the sound's packets from start to end; a damaged end of the file is left out."""
    beginning = Fraction(source.start_time or 0, av.time_base)
    copies = {}
    for own in source.streams.audio:
        if _codec(own) == "unknown":
            continue
        copies[own.index] = container.add_stream_from_template(own)
        copies[own.index].metadata.update(own.metadata)
    if not copies:
        return
    packets = source.demux([source.streams[index] for index in copies])
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        if packet.dts is None or packet.pts is None:
            continue
        base = packet.time_base
        time = packet.dts * base - beginning
        # An encoder's run-up comes before 0 and belongs to the beginning.
        if (time < start and start > 0) or (end is not None and time >= end):
            continue
        offset = round((beginning + start) / base)
        packet.pts -= offset
        packet.dts -= offset
        packet.stream = copies[packet.stream_index]
        yield time - start, 1, packet
