r"""The synthesised right eye beside the rendered one, from true and from estimated depth.

pip install bpy==5.0.1
python tools/rooms out/stereo --count 8 --first-seed 200000 --size 480x360 --second-eye 63 \
    --samples 8
python tools/stereo_truth.py out/stereo --pictures out/pictures
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neardepth import DepthEstimator
from neardepth.geometry.rig import Rig
from neardepth.geometry.stereo import render_stereo
from neardepth.imaging.depthmaps import read_depth
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo, read_photo

Colours = NDArray[np.uint8]
Depth = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SAME = 0.02  # relative difference of depth up to which two pixels show the same surface


@dataclass(frozen=True)
class Room:
    """Both eyes' photos and depth, and the left one's camera."""

    name: str
    left: Photo
    right: Colours
    depth: Depth
    right_depth: Depth
    focal: float
    eye_mm: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", type=Path, help="folder that `tools/rooms --second-eye` wrote")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="also write what was compared")
    options = parser.parse_args()
    estimator = DepthEstimator()
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for room in rooms(options.rooms):
        seen = visible(room)
        masks = {"all": np.ones_like(seen[0]), "seen": seen[0], "hidden": seen[1]}
        for method, image in attempts(room, estimator).items():
            for region, mask in masks.items():
                sums[method][f"error {region}"].append(squared_error(image, room.right, mask))
                sums[method][f"ssim {region}"].append(similarity(image, room.right, mask))
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                slug = method.replace(" ", "-").replace(",", "")
                both = np.vstack([image, room.right])
                Image.fromarray(both).save(options.pictures / f"{room.name}.{slug}.png")
        sums["share"]["hidden"].append(float(seen[1].mean()))
        sums["share"]["outside"].append(float((~seen[0] & ~seen[1]).mean()))
    report(sums)


def rooms(folder: Path) -> Iterator[Room]:
    for path in sorted((folder / "scenes").glob("*.json")):
        record, name = json.loads(path.read_bytes()), path.stem
        camera = Intrinsics(*(record["camera"][key] for key in ("fx", "fy", "cx", "cy")))
        photo = read_photo(folder / "rgb" / f"{name}.jpg")
        yield Room(
            name,
            replace(photo, intrinsics=camera),
            read_photo(folder / "rgb_right" / f"{name}.jpg").image,
            read_depth(folder / "depth" / f"{name}.png"),
            read_depth(folder / "depth_right" / f"{name}.png"),
            camera.fx,
            record["second_eye_mm"],
        )


def attempts(room: Room, estimator: DepthEstimator) -> dict[str, Colours]:
    """The right eye by each way, of the same cameras as the rendered one."""
    rig = Rig.of_camera(room.eye_mm, room.focal, math.inf)
    estimate = estimator(room.left)
    return {
        "NearDepth, true depth": render_stereo(room.left.image, room.depth, rig, keep="left").right,
        "plain shift, true depth": plain_shift(room.left.image, rig.parallax(room.depth)),
        "backward sampling, true depth": backward(room.left.image, rig.parallax(room.depth)),
        "NearDepth, estimated depth": render_stereo(
            room.left.image, estimate.depth, rig, keep="left"
        ).right,
        "plain shift, estimated depth": plain_shift(room.left.image, rig.parallax(estimate.depth)),
        "the photo itself": room.left.image,
    }


def plain_shift(photo: Colours, parallax: Depth) -> Colours:
    """Move whole pixels by rounded parallax, the last one wins, and leave black what is empty."""
    view = np.zeros_like(photo)
    width = parallax.shape[1]
    for x in range(width - 1, -1, -1):
        target = np.rint(x - parallax[:, x]).astype(int)
        inside = np.flatnonzero((target >= 0) & (target < width))
        view[inside, target[inside]] = photo[inside, x]
    return view


def backward(photo: Colours, parallax: Depth) -> Colours:
    """Take each pixel's colour from where the photo's own depth there says."""
    height, width = parallax.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(
        cv2.remap(photo, x + parallax, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def visible(room: Room) -> tuple[Mask, Mask]:
    """What of the right view the left one shows, and what it hides behind something nearer."""
    height, width = room.right_depth.shape
    shift = room.focal * room.eye_mm / 1000 / room.right_depth
    at = np.arange(width) + shift
    inside = at <= width - 1
    seen = np.zeros((height, width), np.bool_)
    rows = np.arange(height)[:, None]
    for column in (np.floor(at), np.ceil(at)):
        there = room.depth[rows, np.clip(column, 0, width - 1).astype(int)]
        seen |= np.abs(there / room.right_depth - 1) < _SAME
    return seen & inside, inside & ~seen


def squared_error(image: Colours, truth: Colours, mask: Mask) -> float:
    difference = image[mask].astype(np.float64) - truth[mask]
    return float(np.mean(difference**2)) if mask.any() else math.nan


def similarity(image: Colours, truth: Colours, mask: Mask) -> float:
    """SSIM (Z. Wang et al., 2004) of grey values, its map averaged over the mask."""
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (image, truth)]
    measure = cv2.quality.QualitySSIM_create(grey[0])  # type: ignore[attr-defined]
    measure.compute(grey[1])
    quality = measure.getQualityMap()
    return float(np.asarray(quality)[mask].mean()) if mask.any() else math.nan


def report(sums: dict[str, dict[str, list[float]]]) -> None:
    share = sums.pop("share")
    count = len(share["hidden"])
    print(
        f"{count} rooms; hidden from the left eye {np.mean(share['hidden']):.1%}, "
        f"outside its photo {np.mean(share['outside']):.1%}\n"
    )
    print("| right eye by | PSNR seen | hidden | all | SSIM seen | hidden | all |")
    print("|---|---|---|---|---|---|---|")
    for method, values in sums.items():
        psnr = [
            10 * math.log10(255**2 / np.nanmean(values[f"error {region}"]))
            for region in ("seen", "hidden", "all")
        ]
        ssim = [np.nanmean(values[f"ssim {region}"]) for region in ("seen", "hidden", "all")]
        cells = [f"{value:.1f} dB" for value in psnr] + [f"{value:.3f}" for value in ssim]
        print(f"| {method} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
