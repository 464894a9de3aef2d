"""What a conversion has finished, in a folder beside its results, so that it can go on later."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import VideoError
from neardepth.imaging.files import write_file

_STATE = "state.json"


@dataclass
class Tally:
    """Counts over the frames that are finished."""

    frames: int = 0
    unlike: int = 0
    """Frames whose estimate was of low confidence."""
    beyond: int = 0
    """Frames with depth that the unit of the depth video cannot hold."""
    cuts: int = 0
    lost: int = 0
    """Frames of the input that did not come, as far as can be told."""


def damaged(path: Path) -> VideoError:
    """Say that a file of a job is of no use."""
    what = "damaged" if path.exists() else "gone"
    return VideoError(f"{path} is {what}: start anew, without --resume.")


@dataclass
class Job:
    """The finished stretches of one conversion.

    A stretch counts from the moment it stands in ``state.json``, which is replaced whole: a crash
    at any time loses the stretch being written and nothing else.
    """

    folder: Path
    settings: dict[str, Any]
    """What the results depend on: the input, the method, the options."""
    plan: dict[str, Any] = field(default_factory=dict)
    """What was decided from a look at the whole video, such as the range of colours."""
    tally: Tally = field(default_factory=Tally)
    stretches: int = 0
    files: list[str] = field(default_factory=list)
    """Names of the finished stretches' files."""
    last_pts: int | None = None

    @classmethod
    def begin(cls, folder: Path, settings: dict[str, Any], plan: dict[str, Any]) -> Job:
        """Start from nothing; what an earlier job left in the folder is removed."""
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
        except OSError as cause:
            raise VideoError(f"{folder} cannot be made: {cause.strerror}.") from cause
        job = cls(folder, settings, plan)
        job._save()
        return job

    @classmethod
    def refuse_unfinished(cls, folder: Path, settings: dict[str, Any]) -> None:
        """Keep `begin` from removing what a run with the same settings has finished.

        Raises:
            VideoError: there is such work.
        """
        try:
            left = cls.resume(folder, settings)
        except VideoError:  # of no use to a run with these settings
            return
        if left is not None and left.tally.frames:
            raise VideoError(
                f"{folder} holds {left.tally.frames} finished frames of the same conversion: go on "
                "with --resume, or remove that folder to start anew."
            )

    @classmethod
    def resume(cls, folder: Path, settings: dict[str, Any]) -> Job | None:
        """Return the job that was left in the folder, None where there is none.

        Raises:
            VideoError: it is of another input or of other settings, or its file is damaged.
        """
        path = folder / _STATE
        if not path.exists():
            return None
        try:
            state = json.loads(path.read_bytes())
            job = cls(
                folder,
                state["settings"],
                state["plan"],
                Tally(**state["tally"]),
                int(state["stretches"]),
                list(state["files"]),
                state["last_pts"],
            )
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise damaged(path) from cause
        settings = json.loads(json.dumps(settings))
        changed = [key for key in settings if job.settings.get(key) != settings[key]]
        if changed:
            raise VideoError(
                f"{folder} holds a conversion with another {', '.join(changed)}: use the same "
                "options and the same file as before, or start anew, without --resume."
            )
        for name in job.files:
            if not (folder / name).is_file():
                raise damaged(folder / name)
        return job

    def path(self, kind: str, number: int | None = None) -> Path:
        """Return the file of a stretch, of the one being written unless told."""
        return self.folder / f"{self.stretches if number is None else number:05d}.{kind}.nut"

    def paths(self, kind: str) -> list[Path]:
        """Return the files of the finished stretches."""
        return [self.path(kind, number) for number in range(self.stretches)]

    def finish(
        self,
        tally: Tally,
        last_pts: int,
        kinds: Iterable[str],
        memory: dict[str, NDArray[np.generic]],
    ) -> None:
        """Count the stretch being written as finished.

        Args:
            tally: of all frames so far.
            last_pts: the last frame's.
            kinds: of its files.
            memory: what the next stretch needs.
        """
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **memory)
        write_file(self._memory(self.stretches), buffer.getvalue(), VideoError)
        self.tally, self.last_pts = Tally(**asdict(tally)), last_pts
        self.files += [self.path(kind).name for kind in kinds]
        self.stretches += 1
        self._save()
        self._memory(self.stretches - 2).unlink(missing_ok=True)

    def memory(self) -> dict[str, NDArray[np.generic]] | None:
        """Return what the last finished stretch left for the next.

        Raises:
            VideoError: it is damaged or gone.
        """
        if not self.stretches:
            return None
        path = self.memory_path
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, BadZipFile, UnpicklingError) as cause:
            raise damaged(path) from cause

    @property
    def memory_path(self) -> Path:
        """The file of `memory`."""
        return self._memory(self.stretches - 1)

    def remove(self) -> None:
        """Remove the folder: the results are written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _memory(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"

    def _save(self) -> None:
        state = {name: value for name, value in asdict(self).items() if name != "folder"}
        data = json.dumps(state, indent=2).encode() + b"\n"
        write_file(self.folder / _STATE, data, VideoError)
