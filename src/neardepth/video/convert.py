"""From a video to its depth: reading, estimating, smoothing and writing, side by side."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import neardepth
from neardepth.errors import MethodError, VideoError
from neardepth.estimator import DepthEstimator
from neardepth.geometry.camera import describe_camera
from neardepth.geometry.rig import Rig
from neardepth.imaging.files import printable, refuse_inputs, write_file
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo
from neardepth.result import DepthResult
from neardepth.threads import one_blas_thread
from neardepth.video.ahead import ahead
from neardepth.video.job import Job
from neardepth.video.options import Summary, VideoOptions
from neardepth.video.outputs import Outputs, PngSequence, depth_output, preview_output
from neardepth.video.planning import plan_video
from neardepth.video.reading import Frame, VideoFile
from neardepth.video.stereo import stereo_outputs
from neardepth.video.writer import Writer

Progress = Callable[[int, int], None]
"""Called with the number of frames done, and how many there are likely to be."""

_READ_AHEAD = 2
_BEHIND = 2  # frames whose network has run and that wait to be written


def convert_video(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    estimator: DepthEstimator,
    options: VideoOptions | None = None,
    *,
    stem: str | None = None,
    resume: bool = False,
    progress: Progress = lambda done, total: None,
) -> Summary:
    """Estimate a video's depth and write it into ``folder`` (made if needed).

    STEM is the video's name without its ending unless given:

    - ``STEM.depth.mkv``: 16-bit counts, lossless, their unit in the file; or the folder
      ``STEM.depth`` of PNG files;
    - ``STEM.preview.mp4``: colours with a bar in metres, with the sound (.mkv for rare kinds);
    - of stereo, a video a layout: STEM and the layout's ending, with the sound;
    - ``STEM.depth.json``: what was done. It is written last: where it is, the others are.

    Frames keep their time stamps. The files appear at the end; until then all is in the folder
    ``.STEM.video``, from where ``resume`` goes on: the depth is the same as of one run. After
    Ctrl-C they hold what is done, but where an earlier run was finished its files stay.

    Raises:
        VideoError: the video cannot be read, a file not be written, or the same conversion was
            begun before and ``resume`` is not asked for.
        KeyboardInterrupt: Ctrl-C came before the first frame was done; nothing is left behind.
        MethodError: no frame lies between start and end, or the video itself would be overwritten.
    """
    run = _Run(VideoFile(source), Path(folder), estimator, options or VideoOptions(), stem)
    # The network keeps all cores busy: more threads for the products beside it would wait for each
    # other, and take a third of the time of all for that.
    with one_blas_thread:
        return run(resume, progress)


class _Run:
    """One conversion, each step in threads of its own, the networks in this one.

    While the network looks at a frame, the next is read, and those before get their depth and are
    smoothed and written.
    """

    def __init__(
        self,
        video: VideoFile,
        folder: Path,
        estimator: DepthEstimator,
        options: VideoOptions,
        stem: str | None,
    ) -> None:
        self.video, self.folder = video, folder
        self.estimator, self.options = estimator, options
        self.stem = Path(stem or video.path.stem).name
        self.sidecar = folder / f"{self.stem}.depth.json"
        self.settings = self._settings()

    def __call__(self, resume: bool, progress: Progress) -> Summary:
        begun = time.monotonic()
        refuse_inputs(self.options.targets(self.folder, self.stem), [self.video.path], MethodError)
        work = self.folder / f".{self.stem}.video"
        job = Job.resume(work, self.settings) if resume else None
        if resume and job is None and (done := self._finished()) is not None:
            return done
        if job is None:
            Job.refuse_unfinished(work, self.settings)
            job = Job.begin(
                work, self.settings, plan_video(self.video, self.estimator, self.options)
            )
        writer = Writer(job, self.video, self._outputs(job), self._sequence(job), self.options)
        before = job.tally.frames
        interrupted = not self._frames(job, writer, progress)
        writer.finish_stretch()
        if not job.tally.frames:
            job.remove()
            raise KeyboardInterrupt if interrupted else self._nothing()
        files: list[Path] = []
        if not (interrupted and self.sidecar.exists()):  # a part does not replace the whole
            self._remove_sidecar()  # from here on the files are not of one run
            files = writer.join(interrupted=interrupted)
        summary = self._summary(job, files, before, begun, writer.tally.lost, interrupted)
        if not interrupted:
            self._write_sidecar(summary, job.plan)
            job.remove()
        return summary

    def _nothing(self) -> MethodError:
        video, options = self.video, self.options
        until = "the end" if options.end is None else f"{options.end:g} s"
        long = "" if video.duration is None else f": it is {video.duration:.2f} s long"
        return MethodError(
            f"{video.path} has no frame between {options.start:g} s and {until}{long}"
        )

    def _frames(self, job: Job, writer: Writer, progress: Progress) -> bool:
        """Convert all frames that are left; return False where Ctrl-C ended it."""
        total, options = self._total(), self.options
        frames = self.video.read(options.start, options.end, job.last_pts)
        waiting: deque[Future[None]] = deque()
        with (
            ThreadPoolExecutor(1, thread_name_prefix="neardepth-write") as writing,
            ThreadPoolExecutor(_BEHIND, thread_name_prefix="neardepth-depth") as depth,
        ):
            try:
                with closing(ahead(map(self._prepared, frames), _READ_AHEAD)) as stream:
                    for frame, photo, pixels in stream:
                        described = self.estimator.describe(pixels)
                        result = depth.submit(self.estimator.from_descriptor, photo, described)
                        waiting.append(writing.submit(_write, writer, frame, result))
                        while len(waiting) > _BEHIND:
                            waiting.popleft().result()
                        done = writer.tally.frames
                        progress(done, max(total, done + len(waiting)))
            except KeyboardInterrupt:
                return False
            finally:
                # Frames whose network has run are written, also after Ctrl-C.
                while waiting:
                    waiting.popleft().result()
        writer.end()
        progress(writer.tally.frames, writer.tally.frames)
        return True

    def _prepared(self, frame: Frame) -> tuple[Frame, Photo, Any]:
        return frame, *self.estimator.prepare(Photo(frame.image, self.video.path.name))

    def _outputs(self, job: Job) -> Outputs:
        low, high = job.plan["limits"]
        outputs = [
            preview_output(
                self.folder, self.stem, self.video, (low, high), unknown=job.plan["unknown"]
            )
        ]
        if self.options.depth_format == "ffv1":
            outputs.append(depth_output(self.folder, self.stem, self.video, job.plan["unit"]))
        if self.options.stereo is not None and job.plan["stereo"]:
            outputs += stereo_outputs(
                self.folder, self.stem, self.video, job.plan, self.options.stereo
            )
        return Outputs(job, self.video, outputs)

    def _sequence(self, job: Job) -> PngSequence | None:
        if self.options.depth_format == "ffv1":
            return None
        return PngSequence(job, self.folder / f"{self.stem}.depth")

    def _total(self) -> int:
        """How many frames there are likely to be."""
        video, options = self.video, self.options
        if options.start == 0 and options.end is None:
            return video.frames or 1
        until = min(x for x in (options.end, video.duration, 1e9) if x is not None)
        return max(1, round((until - options.start) * video.rate))

    def _settings(self) -> dict[str, Any]:
        """Return all that the results depend on, as plain data."""
        estimator, status = self.estimator, self.video.path.stat()
        pool, model = estimator.pool, estimator.model
        return {
            "input": [str(self.video.path.resolve()), status.st_size, status.st_mtime],
            "method": {
                **estimator.method.settings(),
                "encoder": "+".join(encoder.name for encoder in estimator.encoders),
                "fill": estimator.fill,
            },
            "camera": [estimator.focal_px, estimator.fov],
            "pool": None if pool is None else [str(pool.path), pool.version],
            "prior": None if model is None else model.digest,
            "options": asdict(self.options),
            "software": f"neardepth {neardepth.__version__}",
        }

    def _summary(
        self,
        job: Job,
        files: list[Path],
        before: int,
        begun: float,
        lost: int,
        interrupted: bool,
    ) -> Summary:
        low, high = job.plan["limits"]
        camera, stereo = job.plan["camera"], job.plan["stereo"]
        size = self.video.height, self.video.width
        return Summary(
            files=tuple(files),
            frames=job.tally.frames,
            lost=lost,
            cuts=job.tally.cuts,
            unlike=job.tally.unlike,
            beyond=job.tally.beyond,
            limits=(low, high),
            camera=describe_camera(Intrinsics(**camera), *size) if camera else "",
            screen=stereo["rig"]["convergence"] if stereo else None,
            parallax=tuple(stereo["parallax"]) if stereo else None,
            seconds=time.monotonic() - begun,
            done_now=job.tally.frames - before,
            interrupted=interrupted,
        )

    def _remove_sidecar(self) -> None:
        try:
            self.sidecar.unlink(missing_ok=True)
        except OSError as cause:
            raise VideoError(f"{self.sidecar} cannot be replaced: {cause.strerror}.") from cause

    def _write_sidecar(self, summary: Summary, plan: dict[str, Any]) -> None:
        ffv1, stereo = self.options.depth_format == "ffv1", plan["stereo"]
        facts = {
            **self.settings,
            "size": [self.video.width, self.video.height],
            "unit": "metre",
            "depth_video": {"metres_per_count": plan["unit"], "unknown_count": 0} if ffv1 else None,
            "intrinsics": plan["camera"],
            "depth_kind": plan["depth_kind"],
            "rig": Rig(**stereo["rig"]).facts() if stereo else None,
            "result": asdict(summary) | {"files": [path.name for path in summary.files]},
        }
        text = printable(json.dumps(facts, indent=2, ensure_ascii=False, default=str)) + "\n"
        write_file(self.sidecar, text.encode(), VideoError)

    def _finished(self) -> Summary | None:
        """Return the summary of a conversion that was finished with the same settings."""
        try:
            facts = json.loads(self.sidecar.read_bytes())
            same = all(facts[k] == v for k, v in json.loads(json.dumps(self.settings)).items())
            files = tuple(self.folder / name for name in facts["result"]["files"])
            if not (same and all(path.exists() for path in files)):
                return None
            done = Summary(**facts["result"])
            low, high = done.limits
            near, far = done.parallax or (0.0, 0.0)
            parallax = (near, far) if done.parallax else None
            return replace(done, files=files, limits=(low, high), parallax=parallax, done_now=0)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _write(writer: Writer, frame: Frame, result: Future[DepthResult]) -> None:
    if writer.failed:  # the frame after a lost one must not take its place
        return
    writer.failed = True
    estimate = result.result()
    writer.add(frame, estimate.depth, unlike=estimate.low_confidence)
    writer.failed = False
