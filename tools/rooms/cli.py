"""The command line: renders scenes one by one into a folder."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rooms.blender import Quality, Studio
from rooms.camera import Camera
from rooms.compose import compose
from rooms.output import is_done, record_of, write_pairs, write_record, write_view
from rooms.photo import develop
from rooms.raycast import Caster
from rooms.viewpoint import choose, path

_EXAMPLES = """examples:
  python tools/rooms pool --count 320
  python tools/rooms heldout --count 60 --first-seed 100000
  python tools/rooms stereo --count 10 --second-eye 65
  python tools/rooms walk --first-seed 7 --path 48
  python tools/rooms pool --count 320 --share 1/2 & python tools/rooms pool --count 320 --share 2/2

It needs Blender as a module (pip install bpy==5.0.1, Python 3.11). Scenes that are in the folder
already are skipped, so an interrupted run goes on where it was.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    options = _parser().parse_args(arguments)
    folder: Path = options.out
    studio = Studio(Quality(options.samples, options.threads))
    if options.path:
        _walk(studio, folder, options)
    else:
        _scenes(studio, folder, options)
    write_pairs(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python tools/rooms",
        description="Render indoor rooms with exact depth.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write into")
    parser.add_argument(
        "--count", type=_positive, default=320, help="number of scenes (%(default)s)"
    )
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first (%(default)s)")
    parser.add_argument(
        "--size", type=_size, default=(320, 240), metavar="WxH", help="pixels (320x240)"
    )
    parser.add_argument(
        "--second-eye",
        type=float,
        metavar="MM",
        help="also render the view this many millimetres to the right: rgb_right/, depth_right/",
    )
    parser.add_argument(
        "--path",
        type=_positive,
        metavar="FRAMES",
        help="render a walk of so many frames through the first seed's room, and no other room",
    )
    parser.add_argument("--samples", type=_positive, default=4, help="rays per pixel (%(default)s)")
    parser.add_argument(
        "--threads", type=_positive, default=1, help="of the renderer (%(default)s)"
    )
    parser.add_argument(
        "--share",
        type=_share,
        default=(1, 1),
        metavar="K/N",
        help="render the Kth of N shares, to run N processes on one folder",
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return _positive(width), _positive(height)


def _share(text: str) -> tuple[int, int]:
    part, _, whole = text.partition("/")
    share = _positive(part), _positive(whole)
    if share[0] > share[1]:
        raise argparse.ArgumentTypeError("K must not exceed N")
    return share


def _scenes(studio: Studio, folder: Path, options: argparse.Namespace) -> None:
    part, whole = options.share
    seeds = range(options.first_seed + part - 1, options.first_seed + options.count, whole)
    missing = [seed for seed in seeds if not is_done(folder, f"{seed:04d}")]
    start = time.monotonic()
    for number, seed in enumerate(missing):
        scene = compose(seed)
        caster = Caster(scene.stock.parts)
        camera = choose(scene, caster, seed, *options.size)
        name = f"{seed:04d}"
        studio.load(scene.stock)
        _view(studio, caster, folder, name, camera, seed)
        record = record_of(seed, scene, camera, options.size)
        if options.second_eye:
            beside = camera.beside(options.second_eye / 1000)
            _view(studio, caster, folder, name, beside, seed, 1, "_right")
            record["second_eye_mm"] = options.second_eye
            record["pose_right"] = beside.pose.tolist()
        write_record(folder, name, record)
        _progress(number + 1, len(missing), start, f"seed {seed}, {scene.room.kind}")


def _walk(studio: Studio, folder: Path, options: argparse.Namespace) -> None:
    seed = options.first_seed
    scene = compose(seed)
    caster = Caster(scene.stock.parts)
    first = choose(scene, caster, seed, *options.size)
    studio.load(scene.stock)
    start = time.monotonic()
    views = path(first, caster, scene.room, options.path)
    for number, camera in enumerate(views):
        name = f"{number:04d}"
        if not is_done(folder, name):
            _view(studio, caster, folder, name, camera, seed, number)
            record = record_of(seed, scene, camera, options.size)
            write_record(folder, name, record | {"frame": number, "frames": len(views)})
        _progress(number + 1, len(views), start, f"frame {number}")


def _view(
    studio: Studio,
    caster: Caster,
    folder: Path,
    name: str,
    camera: Camera,
    seed: int,
    frame: int = 0,
    suffix: str = "",
) -> None:
    depth, _ = caster.cast(camera)
    photo = develop(studio.render(camera, seed + frame), seed, frame)
    write_view(folder, name, photo, depth, suffix)


def _progress(done: int, count: int, start: float, what: str) -> None:
    each = (time.monotonic() - start) / done
    left = each * (count - done)
    print(
        f"{done}/{count}  {what}  {each:.1f} s each, {left / 60:.0f} min left",
        file=sys.stderr,
        flush=True,
    )
