from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from making import RATE, depths, made, pictures, sound_packets, times, write_sound, write_video
from PIL import Image

from commandline import neardepth
from neardepth import DepthEstimator
from neardepth.errors import MethodError
from neardepth.geometry.rig import Rig
from neardepth.geometry.scene import Scene
from neardepth.geometry.stereo import render_stereo
from neardepth.imaging.depthmaps import read_depth
from neardepth.imaging.photos import Photo
from neardepth.video import (
    StereoOptions,
    VideoFile,
    VideoOptions,
    convert_video,
    planning,
    read_depth_video,
)
from neardepth.video.encoding import Stretch

PLAIN = VideoOptions(stabilise=False)


@pytest.fixture(scope="module")
def estimator() -> DepthEstimator:
    return DepthEstimator(method="kernel-fast")


def test_depth_is_that_of_each_frame_within_half_a_count(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(6))
    done = convert_video(clip, tmp_path / "out", estimator, PLAIN)
    got = depths(made(done, "clip.depth.mkv"))
    frames = list(VideoFile(clip).read())
    assert len(got) == len(frames) == done.frames == 6
    for depth, frame in zip(got, frames, strict=True):
        expected = estimator(Photo(frame.image, "clip.mp4")).depth
        np.testing.assert_allclose(depth, expected, rtol=1e-6, atol=0.0005)
    with av.open(str(made(done, "clip.depth.mkv"))) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("ffv1", "gray16le")
        assert container.metadata["DEPTHUNIT"] == "0.001"


def test_times_sound_and_notes_are_kept(tmp_path: Path, estimator: DepthEstimator) -> None:
    pts = np.cumsum([0, 1, 2, 1, 7, 3, 1, 1, 4, 1]).tolist()
    clip = write_video(
        tmp_path / "clip.mp4",
        pictures(10),
        pts=pts,
        time_base=Fraction(1, 30),
        sound="aac",
        metadata={"title": "Kitchen"},
    )
    done = convert_video(clip, tmp_path / "out", estimator)
    preview = made(done, "clip.preview.mp4")
    np.testing.assert_allclose(times(preview), np.array(pts) / 30, atol=1e-6)
    stamps = [frame.time for frame in read_depth_video(made(done, ".depth.mkv"))]
    np.testing.assert_allclose(stamps, np.array(pts) / 30, atol=0.0006)  # Matroska: whole ms
    assert sound_packets(preview) == sound_packets(clip)
    with av.open(str(preview)) as container:
        assert container.metadata["title"] == "Kitchen"
        assert "depth in colours" in container.metadata["comment"]


def test_sound_that_does_not_go_into_mp4_goes_into_matroska(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    clip = write_video(tmp_path / "clip.mkv", pictures(4), sound="pcm_f32le")
    done = convert_video(clip, tmp_path / "out", estimator)
    preview = made(done, "clip.preview.mkv")
    assert [data for _, data in sound_packets(preview)] == [d for _, d in sound_packets(clip)]


def test_a_part_begins_at_nought_with_its_sound(tmp_path: Path, estimator: DepthEstimator) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(48), sound="aac")
    done = convert_video(clip, tmp_path / "out", estimator, VideoOptions(start=0.5, end=0.75))
    preview = made(done, ".preview.mp4")
    np.testing.assert_allclose(times(preview), np.arange(6) / RATE, atol=1e-4)
    part = [data for _, data in sound_packets(preview)]
    every = sound_packets(clip)
    expected = [data for time, data in every if 0.5 <= time < 0.75]
    assert abs(len(part) - len(expected)) <= 1
    assert part[1:-1] == [d for d in (data for _, data in every) if d in part[1:-1]]
    with pytest.raises(MethodError, match=r"no frame between 7 s and 8 s: it is 2\.00 s long"):
        convert_video(clip, tmp_path / "out", estimator, VideoOptions(start=7, end=8))
    with pytest.raises(MethodError, match=r"between 99 s and the end: it is 2\.00 s long"):
        convert_video(clip, tmp_path / "out", estimator, VideoOptions(start=99))


def test_odd_and_turned_pictures_keep_their_size(tmp_path: Path, estimator: DepthEstimator) -> None:
    odd = write_video(tmp_path / "odd.mkv", pictures(2, (49, 65)), codec="ffv1", pix_fmt="yuv444p")
    turned = write_video(tmp_path / "turned.mp4", pictures(2), rotation=90)
    for clip, size in ((odd, (49, 65)), (turned, (64, 48))):
        done = convert_video(clip, tmp_path / "out", estimator)
        assert [depth.shape for depth in depths(made(done, ".depth.mkv"))] == [size] * 2
        preview = next(iter(VideoFile(made(done, ".preview.mp4")).read())).image
        assert (preview.shape[0] > preview.shape[1]) == (size[0] > size[1])


def test_a_single_frame_and_ten_bits(tmp_path: Path, estimator: DepthEstimator) -> None:
    clip = write_video(tmp_path / "one.mp4", pictures(1), pix_fmt="yuv420p10le")
    done = convert_video(clip, tmp_path / "out", estimator)
    assert done.frames == 1
    assert len(depths(made(done, ".depth.mkv"))) == 1
    assert len(times(made(done, ".preview.mp4"))) == 1


def test_frames_of_4k_come_out_at_their_size(tmp_path: Path, estimator: DepthEstimator) -> None:
    image = np.kron(pictures(1, (54, 96))[0], np.ones((40, 40, 1), np.uint8))
    clip = write_video(tmp_path / "large.mp4", [image, image])
    done = convert_video(clip, tmp_path / "out", estimator)
    assert [depth.shape for depth in depths(made(done, ".depth.mkv"))] == [(2160, 3840)] * 2
    assert VideoFile(made(done, ".preview.mp4")).width < 1500


def test_a_png_sequence_holds_the_same_depth(tmp_path: Path, estimator: DepthEstimator) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(4))
    video = convert_video(clip, tmp_path / "out", estimator)
    done = convert_video(clip, tmp_path / "png", estimator, VideoOptions(depth_format="png"))
    rows = list(csv.DictReader((tmp_path / "png/clip.depth/frames.csv").open()))
    np.testing.assert_allclose([float(r["time_s"]) for r in rows], np.arange(4) / RATE, atol=1e-6)
    for row, depth in zip(rows, depths(made(video, ".depth.mkv")), strict=True):
        np.testing.assert_array_equal(read_depth(tmp_path / "png/clip.depth" / row["file"]), depth)
    assert made(done, "clip.depth").is_dir()


def test_the_sidecar_tells_what_3d_needs(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(3))
    estimator = DepthEstimator(method="kernel-fast", fov=70)
    eyes = StereoOptions(("half-sbs",), max_disparity=2)
    options = VideoOptions(depth_format="png", stabilise=False, stereo=eyes)
    convert_video(clip, tmp_path, estimator, options)
    facts = json.loads((tmp_path / "clip.depth.json").read_text())
    assert facts["depth_kind"] == "z"
    assert facts["rig"]["limit_px"] == pytest.approx(0.02 * 64)
    assert facts["depth_video"] is None
    frame = list(VideoFile(clip).read())[1].image
    Image.fromarray(np.kron(frame, np.ones((2, 2, 1), np.uint8))).save(tmp_path / "frame.png")
    scene = Scene.of_files(tmp_path / "frame.png", tmp_path / "clip.depth/000001.png")
    assert scene.camera.fx == pytest.approx(64 / np.tan(np.radians(35)))
    assert not scene.camera_is_assumed
    convert_video(clip, tmp_path, estimator, PLAIN)
    facts = json.loads((tmp_path / "clip.depth.json").read_text())
    assert facts["depth_video"] == {"metres_per_count": 0.001, "unknown_count": 0}
    assert facts["rig"] is None


def test_a_png_sequence_takes_the_place_of_its_own_files_only(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    """Nothing is changed before the end, and then what an earlier run wrote, and that alone."""
    clip = write_video(tmp_path / "clip.mp4", pictures(4))
    folder = tmp_path / "clip.depth"
    folder.mkdir()
    (folder / "2024.png").write_bytes(b"a picture of somebody's")
    whole = VideoOptions(depth_format="png")
    seen = []
    convert_video(
        clip, tmp_path, estimator, whole, progress=lambda *_: seen.append(list(folder.iterdir()))
    )
    assert seen
    assert all(names == [folder / "2024.png"] for names in seen)
    convert_video(clip, tmp_path, estimator, VideoOptions(depth_format="png", end=0.1))
    names = {path.name for path in folder.iterdir()}
    assert names == {"000000.png", "000001.png", "000002.png", "2024.png", "frames.csv"}


def test_stereo_videos_have_the_sound_and_two_eyes(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    """Both eyes are those of the frame rendered alone with the rig of the whole video."""
    clip = write_video(tmp_path / "clip.mp4", pictures(5), sound="aac")
    eyes = StereoOptions(("full-sbs", "separate", "full-sbs"), max_disparity=3.0)
    done = convert_video(clip, tmp_path / "out", estimator, VideoOptions(stereo=eyes))
    assert len(set(done.files)) == len(done.files) == 5
    both = made(done, "clip_LRF_Full_SBS.mp4")
    assert sound_packets(both) == sound_packets(clip)
    assert len(times(both)) == 5
    frames, left, right = (
        np.stack([shown.image for shown in VideoFile(path).read()]).astype(int)
        for path in (both, made(done, "_L.mp4"), made(done, "_R.mp4"))
    )
    frame = frames[4]
    assert frame.shape == (48, 128, 3)
    # Over all frames: the encoder makes a single one differ by more or less from run to run.
    assert abs(np.concatenate([left, right], axis=2) - frames).mean() < 2
    with av.open(str(both)) as container:
        told = re.search(r"screen at ([\d.]+) m, ([\d.]+) px m", container.metadata["comment"])
    assert told
    rig = Rig(float(told[2]), float(told[1]), 0.03 * 64)
    source = list(VideoFile(clip).read())[4].image
    pair = render_stereo(source, depths(made(done, ".depth.mkv"))[4], rig)
    assert abs(np.hstack([pair.left, pair.right]).astype(int) - frame).mean() < 6
    with pytest.raises(MethodError, match="no layout sideways"):
        StereoOptions(("sideways",))


def test_a_viewing_geometry_and_a_kept_eye_are_those_of_photos(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(3))
    eyes = StereoOptions(("separate",), screen=(1.2, 2.5), keep="left")
    done = convert_video(clip, tmp_path / "out", estimator, VideoOptions(stereo=eyes))
    assert done.screen == 2.5
    assert done.parallax is not None
    nearest, farthest = done.parallax
    assert nearest > farthest
    assert "px of 64x48" in done.camera
    source, left, right = (
        list(VideoFile(path).read())[2].image
        for path in (clip, made(done, "_L.mp4"), made(done, "_R.mp4"))
    )
    assert abs(left.astype(int) - source).mean() < 4  # H.264
    rig = Rig.of_screen(63, 64, 1.2, 2.5)
    pair = render_stereo(source, depths(made(done, ".depth.mkv"))[2], rig, keep="left")
    assert abs(right.astype(int) - pair.right).mean() < 6
    assert abs(left.astype(int) - pair.right).mean() > 10
    again = convert_video(clip, tmp_path / "out", estimator, VideoOptions(stereo=eyes), resume=True)
    assert (again.parallax, again.camera) == (done.parallax, done.camera)
    with pytest.raises(MethodError, match="not both"):
        StereoOptions(("separate",), screen=(1, 2), max_disparity=3)


def test_stereo_takes_videos_and_says_how_far_apart_the_eyes_are(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(3)).rename(tmp_path / "clip.3gp")
    command = ["stereo", clip, "-o", tmp_path / "out", "--fov", 60, "--eye-distance", 600]
    done = neardepth(*command, "--convergence", 50, "--keep", "left")
    assert "camera: fx 55.4" in done.stdout
    assert "screen at 50.00 m" in done.stdout
    assert "strains eyes" in done.stderr
    assert (tmp_path / "out/clip_LRF_Full_SBS.mp4").exists()
    done = neardepth(*command, "--convergence", 50, "--keep", "left", "--resume")
    assert "finished before" in done.stdout


def test_layouts_that_mix_the_eyes_keep_their_colours_apart(tmp_path: Path) -> None:
    """Rows of saturated colours in turns, as they come back from the file."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[::2], picture[1::2] = (200, 40, 40), (40, 40, 200)
    off = {}
    for full_colour in (False, True):
        path = tmp_path / f"{full_colour}.nut"
        stretch = Stretch(
            path, (48, 64), depth=False, rate=Fraction(RATE), time_base=Fraction(1, RATE),
            full_colour=full_colour,
        )  # fmt: skip
        stretch.add(picture, 0)
        stretch.close()
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
        off[full_colour] = abs(frame.astype(int) - picture).mean()
    assert off[True] < 8
    assert off[False] > 40


def test_stereo_videos_are_of_the_pixels_that_their_layout_needs(
    tmp_path: Path, estimator: DepthEstimator
) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(2))
    eyes = StereoOptions(("anaglyph-colour", "interlaced", "half-sbs"))
    done = convert_video(clip, tmp_path / "out", estimator, VideoOptions(stereo=eyes))
    for ending, expected in (
        ("_redcyan.mp4", "yuv444p"),
        ("_interlaced.mp4", "yuv444p"),
        ("_Half_SBS.mp4", "yuv420p"),
    ):
        with av.open(str(made(done, ending))) as container:
            assert container.streams.video[0].pix_fmt == expected


@pytest.mark.parametrize(("depth_format", "beyond"), [("ffv1", 3), ("png", 0)])
def test_depth_beyond_the_unit_is_told_of_videos_only(
    tmp_path: Path,
    estimator: DepthEstimator,
    monkeypatch: pytest.MonkeyPatch,
    depth_format: Literal["ffv1", "png"],
    beyond: int,
) -> None:
    monkeypatch.setattr(planning, "unit_for", lambda farthest: 1e-6)
    clip = write_video(tmp_path / "clip.mp4", pictures(3))
    options = VideoOptions(depth_format=depth_format)
    assert convert_video(clip, tmp_path, estimator, options).beyond == beyond


def test_no_input_is_overwritten(tmp_path: Path, estimator: DepthEstimator) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(2))
    left = write_video(tmp_path / "clip_L.mp4", pictures(3))
    before = left.read_bytes()
    done = neardepth(
        "video", clip, left, "-o", tmp_path, "--stereo", "separate", "--end", 0.1, status=2
    )
    assert "clip_L.mp4 would be written and is one of the inputs" in done.stderr
    eyes = VideoOptions(stereo=StereoOptions(("separate",)))
    with pytest.raises(MethodError, match="one of the inputs"):
        convert_video(left, tmp_path, estimator, eyes, stem="clip")
    assert left.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_truncated_video_keeps_what_decodes(tmp_path: Path, estimator: DepthEstimator) -> None:
    clip = write_video(
        tmp_path / "clip.mp4",
        pictures(60, (96, 128)),
        sound="aac",
        container_options={"movflags": "faststart"},
    )
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    done = convert_video(clip, tmp_path / "out", estimator)
    assert 5 < done.frames < 50
    assert done.lost == pytest.approx(60 - done.frames, abs=2)
    assert len(times(made(done, ".preview.mp4"))) == done.frames


def test_the_command_goes_on_after_bad_videos(tmp_path: Path) -> None:
    good = write_video(tmp_path / "good.mp4", pictures(5))
    empty = tmp_path / "empty.mp4"
    empty.touch()
    song = write_sound(tmp_path / "song.m4a")
    done = neardepth("video", empty, song, good, "-o", tmp_path / "out", "--fov", 60, status=1)
    assert "empty.mp4 is empty" in done.stderr
    assert "song.m4a has only sound" in done.stderr
    assert "2 of 3 videos failed" in done.stderr
    assert "5 frames, colours" in done.stdout
    assert "method kernel-fast" in done.stderr
    facts = json.loads((tmp_path / "out/good.depth.json").read_text())
    assert facts["camera"] == [None, 60.0]
    assert facts["result"]["frames"] == 5
    wrong = neardepth("video", good, "--start", 3, "--end", 2, status=2)
    assert "2 s is not after 3 s" in wrong.stderr


def test_without_the_extra_the_error_names_it(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(2))
    code = (
        "import sys; sys.modules['av'] = None; "
        f"sys.argv = ['neardepth', 'video', {str(clip)!r}]; "
        "from neardepth.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'neardepth[video]'" in done.stderr
    assert "Traceback" not in done.stderr
