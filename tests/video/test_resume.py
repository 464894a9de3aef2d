from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import typer
from making import RATE, depths, made, pictures, sound_packets, times, write_video

from commandline import neardepth
from neardepth import DepthEstimator
from neardepth.cli.video import video
from neardepth.errors import VideoError
from neardepth.result import DepthResult
from neardepth.video import VideoFile, VideoOptions, convert_video, writer
from neardepth.video.convert import Progress

PLAIN = VideoOptions(stabilise=False)
SIDECAR = "out/clip.depth.json"


@pytest.fixture(scope="module")
def estimator() -> DepthEstimator:
    return DepthEstimator(method="kernel-fast")


@pytest.mark.parametrize("depth_format", ["ffv1", "png"])
def test_a_resumed_run_gives_the_depth_of_one_run(
    tmp_path: Path,
    estimator: DepthEstimator,
    monkeypatch: pytest.MonkeyPatch,
    depth_format: str,
) -> None:
    """Killed in the second stretch: what comes of the rest is the same to the last count."""
    monkeypatch.setattr(writer, "STRETCH", 5)
    clip = write_video(tmp_path / "clip.mp4", pictures(13), sound="aac")
    options = VideoOptions(depth_format=depth_format)  # type: ignore[arg-type]
    whole = convert_video(clip, tmp_path / "whole", estimator, options)

    class CrashError(Exception):
        pass

    def crash(done: int, total: int) -> None:
        if done >= 7:
            raise CrashError

    with pytest.raises(CrashError):
        convert_video(clip, tmp_path / "out", estimator, options, progress=crash)
    assert not (tmp_path / "out/clip.depth.json").exists()
    done = convert_video(clip, tmp_path / "out", estimator, options, resume=True)
    assert (done.frames, done.done_now) == (13, 8)
    if depth_format == "ffv1":
        for one, other in zip(depths(made(whole, ".mkv")), depths(made(done, ".mkv")), strict=True):
            np.testing.assert_array_equal(one, other)
    else:
        for one in sorted(made(whole, ".depth").iterdir()):
            assert one.read_bytes() == (tmp_path / "out/clip.depth" / one.name).read_bytes()
    assert times(made(done, ".preview.mp4")) == times(made(whole, ".preview.mp4"))
    assert sound_packets(made(done, ".preview.mp4")) == sound_packets(clip)
    assert not (tmp_path / "out/.clip.video").exists()
    again = convert_video(clip, tmp_path / "out", estimator, options, resume=True)
    assert (again.done_now, again.files) == (0, done.files)


def test_going_on_with_other_settings_is_refused(
    tmp_path: Path, estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "STRETCH", 2)
    clip = write_video(tmp_path / "clip.mp4", pictures(8))

    def stop(done: int, total: int) -> None:
        if done >= 3:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        convert_video(clip, tmp_path, estimator, progress=stop)
    with pytest.raises(VideoError, match="another options: use the same"):
        convert_video(clip, tmp_path, estimator, PLAIN, resume=True)
    shutil.copy(write_video(tmp_path / "other.mp4", pictures(9)), clip)
    with pytest.raises(VideoError, match="another input"):
        convert_video(clip, tmp_path, estimator, resume=True)
    (tmp_path / ".clip.video/state.json").write_text("{")
    with pytest.raises(VideoError, match="is damaged: start anew"):
        convert_video(clip, tmp_path, estimator, resume=True)
    assert convert_video(clip, tmp_path, estimator).frames == 9


def interrupt_after(frames: int) -> Progress:
    def progress(done: int, total: int) -> None:
        if done >= frames:
            raise KeyboardInterrupt

    return progress


def test_an_interrupted_run_leaves_a_finished_result(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    """Neither its files nor what it says of them; the end of the later run replaces both."""
    clip = write_video(tmp_path / "clip.mp4", pictures(8))
    whole = convert_video(clip, tmp_path / "out", estimator)
    before = {path.name: path.read_bytes() for path in (*whole.files, tmp_path / SIDECAR)}
    part = convert_video(clip, tmp_path / "out", estimator, PLAIN, progress=interrupt_after(3))
    assert part.interrupted
    assert part.files == ()
    assert {name: (tmp_path / "out" / name).read_bytes() for name in before} == before
    done = convert_video(clip, tmp_path / "out", estimator, PLAIN, resume=True)
    assert done.frames == 8
    assert (tmp_path / SIDECAR).read_bytes() != before["clip.depth.json"]


def test_no_sidecar_stands_beside_files_of_another_run(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(4))
    convert_video(clip, tmp_path / "out", estimator)
    (tmp_path / "out/clip.depth.mkv").unlink()
    (tmp_path / "out/clip.depth.mkv").mkdir()
    with pytest.raises(VideoError, match="it is a folder"):
        convert_video(clip, tmp_path / "out", estimator, PLAIN)
    assert not (tmp_path / SIDECAR).exists()


def test_finished_frames_are_not_thrown_away(tmp_path: Path, estimator: DepthEstimator) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(8))
    part = convert_video(clip, tmp_path / "out", estimator, progress=interrupt_after(3))
    with pytest.raises(VideoError, match=f"holds {part.frames} finished frames .* --resume"):
        convert_video(clip, tmp_path / "out", estimator)
    done = convert_video(clip, tmp_path / "out", estimator, resume=True)
    assert done.done_now == 8 - part.frames
    convert_video(clip, tmp_path / "out", estimator, progress=interrupt_after(3))
    assert convert_video(clip, tmp_path / "out", estimator, PLAIN).done_now == 8


def test_what_was_lost_before_is_still_told(
    tmp_path: Path, estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "STRETCH", 4)
    pts = [k for k in range(20) if k not in (5, 6, 15)]
    clip = write_video(tmp_path / "clip.mp4", pictures(len(pts)), pts=pts)
    part = convert_video(clip, tmp_path / "out", estimator, progress=interrupt_after(7))
    assert part.lost == 2
    done = convert_video(clip, tmp_path / "out", estimator, resume=True)
    assert (done.frames, done.lost) == (17, 3)


@pytest.mark.parametrize("depth_format", ["ffv1", "png"])
def test_damage_to_unfinished_work_is_named_before_anything_is_done(
    tmp_path: Path,
    estimator: DepthEstimator,
    monkeypatch: pytest.MonkeyPatch,
    depth_format: Literal["ffv1", "png"],
) -> None:
    monkeypatch.setattr(writer, "STRETCH", 2)
    clip = write_video(tmp_path / "clip.mp4", pictures(8))
    options, out = VideoOptions(depth_format=depth_format), tmp_path / "out"
    convert_video(clip, out, estimator, options, progress=interrupt_after(4))
    work = out / ".clip.video"
    memory = max(work.glob("*.npz"))
    whole = memory.read_bytes()
    damage = {
        memory: [
            b"",
            whole[: len(whole) // 2],
            b"not an archive",
            whole.replace(b"times", b"mites"),
        ],
        work / ("00000.depth.nut" if depth_format == "ffv1" else "depth/000001.png"): [None],
        work / "00001.preview.nut": [None],
    }
    for path, contents in damage.items():
        before = path.read_bytes()
        for content in contents:
            path.unlink() if content is None else path.write_bytes(content)
            with pytest.raises(VideoError, match=f"{path.name} is (damaged|gone): start anew"):
                convert_video(clip, out, estimator, options, resume=True)
        path.write_bytes(before)
    assert convert_video(clip, out, estimator, options, resume=True).frames == 8


def test_ctrl_c_before_the_first_frame_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No false word of a video without frames, and the batch does not go on to the next video."""
    clips = [write_video(tmp_path / name, pictures(3)) for name in ("a.mp4", "b.mp4")]

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DepthEstimator, "describe", interrupted)
    monkeypatch.setattr(VideoFile, "samples", lambda *_: iter(()))
    with pytest.raises(typer.Exit) as caught:
        video(clips, tmp_path / "out")
    assert caught.value.exit_code == 130
    told = capsys.readouterr().err
    assert "a.mp4: interrupted" in told
    assert "b.mp4" not in told
    assert "error" not in told
    assert list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_leaves_files_that_play(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(60), sound="aac")
    command = [sys.executable, "-m", "neardepth", "video", clip, "-o", tmp_path]
    running = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        part = tmp_path / ".clip.video/00000.depth.nut"
        while not part.exists():
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.02)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, told
    assert "--resume" in told
    assert "Traceback" not in told
    done = len(depths(tmp_path / "clip.depth.mkv"))
    assert 0 < done < 60
    assert len(times(tmp_path / "clip.preview.mp4")) == done
    last = max(time for time, _ in sound_packets(tmp_path / "clip.preview.mp4"))
    assert last == pytest.approx(done / RATE, abs=0.1)
    neardepth("video", clip, "-o", tmp_path, "--resume")
    assert len(depths(tmp_path / "clip.depth.mkv")) == 60
    assert sound_packets(tmp_path / "clip.preview.mp4") == sound_packets(clip)


def test_a_full_disk_is_named_and_what_is_finished_stays(
    tmp_path: Path, estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on the size of files stands for the disk."""
    monkeypatch.setattr(writer, "STRETCH", 4)
    frames = [np.random.default_rng(k).integers(0, 256, (240, 320, 3), np.uint8) for k in range(10)]
    clip = write_video(tmp_path / "clip.mp4", frames)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        with pytest.raises(VideoError, match="cannot be written: File too large"):
            convert_video(clip, tmp_path / "out", estimator)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert convert_video(clip, tmp_path / "out", estimator, resume=True).frames == 10


def test_no_frame_takes_the_place_of_one_that_failed(
    tmp_path: Path, estimator: DepthEstimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames wait in line behind one that fails: none of them is written before it."""
    monkeypatch.setattr(writer, "STRETCH", 1)
    clip = write_video(tmp_path / "clip.mp4", pictures(8))
    whole = convert_video(clip, tmp_path / "whole", estimator, PLAIN)
    original, calls = estimator.from_descriptor, 0

    def failing(*arguments: Any) -> DepthResult:
        nonlocal calls
        calls += 1
        if calls == 4:
            time.sleep(0.5)
            raise VideoError("this one failed")
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(VideoFile, "samples", lambda *_: iter(()))
        patch.setattr(estimator, "from_descriptor", failing)
        with pytest.raises(VideoError, match="this one failed"):
            convert_video(clip, tmp_path / "out", estimator, PLAIN)
    done = convert_video(clip, tmp_path / "out", estimator, PLAIN, resume=True)
    for one, other in zip(depths(made(whole, ".mkv")), depths(made(done, ".mkv")), strict=True):
        np.testing.assert_array_equal(one, other)
