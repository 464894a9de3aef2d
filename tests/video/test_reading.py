from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from making import RATE, pictures, write_sound, write_video

from neardepth.errors import VideoError
from neardepth.video import VideoFile
from neardepth.video.gaps import Gaps

FRAMES = 20


def clip(tmp_path: Path, name: str = "clip.mp4", **settings: object) -> Path:
    return write_video(tmp_path / name, pictures(FRAMES), **settings)  # type: ignore[arg-type]


def read(path: Path, *between: float) -> list[np.ndarray]:
    return [frame.image for frame in VideoFile(path).read(*between)]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.mov", "clip.avi", "clip.ts"])
def test_frames_come_in_order_with_their_times(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path, name)
    video = VideoFile(path)
    frames = list(video.read())
    assert (video.width, video.height, video.lost) == (64, 48, 0)
    assert video.frames == pytest.approx(FRAMES, abs=1)
    times = [frame.time for frame in frames]
    np.testing.assert_allclose(times, np.arange(FRAMES) / RATE, atol=1e-3)
    for frame, picture in zip(frames, pictures(FRAMES), strict=True):
        assert frame.image.shape == picture.shape
        assert abs(frame.image.astype(int) - picture).mean() < 8


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_pictures_are_turned_as_the_file_says(tmp_path: Path, turn: int) -> None:
    path = clip(tmp_path, rotation=turn)
    video = VideoFile(path)
    upright = read(path)[3]
    expected = np.rot90(pictures(FRAMES)[3].astype(int), turn // 90)
    assert abs(upright - expected).mean() < 8
    assert (video.height, video.width) == upright.shape[:2]


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "name"),
    [
        ("libx264", "yuv420p10le", "ten.mp4"),
        ("ffv1", "yuv422p10le", "ten.mkv"),
        ("libx264", "yuv444p", "full.mp4"),
        ("libx264", "gray", "grey.mkv"),
    ],
)
def test_other_pixel_formats_show_the_same_picture(
    tmp_path: Path, codec: str, pix_fmt: str, name: str
) -> None:
    got = read(clip(tmp_path, name, codec=codec, pix_fmt=pix_fmt))
    picture = pictures(FRAMES)[4].astype(int)
    expected = picture if pix_fmt != "gray" else (picture @ [0.299, 0.587, 0.114])[..., None]
    assert len(got) == FRAMES
    assert abs(got[4] - expected).mean() < 8


def test_odd_sizes_are_read_whole(tmp_path: Path) -> None:
    frames = pictures(5, (49, 65))
    path = write_video(tmp_path / "odd.mkv", frames, codec="ffv1", pix_fmt="yuv444p")
    assert [image.shape for image in read(path)] == [(49, 65, 3)] * 5


def test_a_varying_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    pts = np.cumsum([2, 1, 2, 1, 7, 3, 1, 1, 4, 1] * 2)
    path = clip(tmp_path, pts=pts.tolist(), time_base=Fraction(1, 60))
    got = [frame.time for frame in VideoFile(path).read()]
    np.testing.assert_allclose(np.array(got) - got[0], (pts - pts[0]) / 60, atol=1e-4)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_reading_from_to_gives_the_same_frames_as_reading_all(tmp_path: Path, name: str) -> None:
    video = VideoFile(clip(tmp_path, name))
    every = list(video.read())
    part = list(video.read(0.3, 0.7))
    expected = [frame for frame in every if 0.3 <= frame.time < 0.7]
    assert [frame.pts for frame in part] == [frame.pts for frame in expected]
    np.testing.assert_array_equal(part[0].image, expected[0].image)
    later = list(video.read(after=every[13].pts))
    assert [frame.pts for frame in later] == [frame.pts for frame in every[14:]]
    assert [frame.pts for frame in video.samples(4)] == [every[k].pts for k in (0, 5, 10, 15)]


def test_a_truncated_video_gives_what_is_left_and_says_what_is_not(tmp_path: Path) -> None:
    for name, settings in (
        ("fast.mp4", {"container_options": {"movflags": "faststart"}}),
        ("clip.mkv", {}),
    ):
        path = write_video(tmp_path / name, pictures(100, (96, 128)), **settings)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 6 // 10])
        video = VideoFile(path)
        got = len(list(video.read()))
        assert 20 < got < 90
        assert video.lost == pytest.approx(100 - got, abs=2), name


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_what_damage_in_the_middle_costs_is_counted(tmp_path: Path, name: str) -> None:
    """Transport streams go on after it, Matroska at what looks like its next block."""
    path = write_video(tmp_path / name, pictures(48, (96, 128)))
    whole, costs = path.read_bytes(), 0
    for share in (0.15, 0.25, 0.35, 0.5, 0.6):
        data = bytearray(whole)
        middle = round(len(data) * share)
        data[middle : middle + 1500] = b"\xff" * 1500
        path.write_bytes(data)
        video = VideoFile(path)
        frames = list(video.read())
        last = 48 if name == "clip.avi" else round(frames[-1].time * RATE) + 1
        lost = last - len(frames)  # but for the end, of which half a second says nothing
        costs += lost
        assert lost - 1 <= video.lost <= 48 - len(frames) + 2, share
    assert costs > 8


def test_what_is_lost_is_told_of_the_frames_that_are_asked_for(tmp_path: Path) -> None:
    pts = [k for k in range(60) if k not in (10, 11, 30, 50, 51, 52)]
    path = write_video(tmp_path / "clip.mp4", pictures(len(pts)), pts=pts)
    video = VideoFile(path)
    every = list(video.read())
    assert [frame.lost for frame in every][9:11] == [0, 2]
    assert video.lost == 6
    later = list(video.read(after=every[20].pts))
    assert (later[0].lost, video.lost) == (0, 4)
    list(video.read(start=40.5 / RATE))
    assert video.lost == 3


def test_a_gap_is_told_from_a_varying_rate() -> None:
    """Around a gap the rate is steady, as of a camera, also in whole milliseconds."""
    steps = [33, 33, 34] * 20 + [300] + [33, 34, 33] * 20
    gaps = Gaps()
    assert [missing for missing in map(gaps.missing, steps) if missing] == [8]
    varying = [2, 1, 2, 1, 7, 3, 1, 1, 4, 1] * 10
    gaps = Gaps()
    assert not any(map(gaps.missing, varying))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not a video at all" * 100, "not a video"),
        (b"\0" * 5000, "not a video"),
        (None, "does not exist"),
    ],
)
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "bad.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VideoError, match=message) as caught:
        VideoFile(path)
    assert "bad.mp4" in str(caught.value)


def test_an_mp4_without_its_index_is_named(tmp_path: Path) -> None:
    path = clip(tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(VideoError, match="index is damaged"):
        VideoFile(path)


def test_folders_sound_and_tiny_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="is a folder"):
        VideoFile(tmp_path)
    with pytest.raises(VideoError, match="only sound"):
        VideoFile(write_sound(tmp_path / "song.m4a"))
    with pytest.raises(VideoError, match="each side needs 32"):
        VideoFile(write_video(tmp_path / "tiny.mp4", [np.zeros((16, 64, 3), np.uint8)] * 2))
