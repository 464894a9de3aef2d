"""The pictures of docs/3d.md, of a rendered room that ships as an example.

python tools/pictures_3d.py docs/3d
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neardepth import DepthEstimator
from neardepth.datasets import open_source
from neardepth.geometry.cloud import PointCloud
from neardepth.geometry.layouts import anaglyph, side_by_side
from neardepth.geometry.mesh import Mesh
from neardepth.geometry.scene import Scene
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import decode_photo
from neardepth.imaging.resize import resize_photo

ROOT = Path(__file__).resolve().parent.parent
ROOM = "rooms/100033"
SIZE = (360, 480)

_SAMPLES = 8  # points across a triangle's side
_PAPER = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="folder to write into")
    folder: Path = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    true, estimated = scenes()
    photo = resize_photo(true.photo.image, SIZE)
    views = [aside(scene.mesh()) for scene in (true, estimated)]
    Image.fromarray(np.hstack([photo, *views])).save(folder / "side.jpg", quality=88)
    clouds = [cloud_aside(scene.point_cloud()) for scene in (true, estimated)]
    Image.fromarray(np.hstack([photo, *clouds])).save(folder / "cloud.jpg", quality=88)
    pair = estimated.stereo(max_disparity=2.5)
    both = side_by_side(pair.left, pair.right)
    Image.fromarray(resize_photo(both, (SIZE[0], 2 * SIZE[1]))).save(
        folder / "pair.jpg", quality=88
    )
    glasses = [anaglyph(pair.left, pair.right, kind) for kind in ("dubois", "half-colour")]
    Image.fromarray(np.hstack(glasses)).save(folder / "anaglyph.png", optimize=True)


def scenes() -> tuple[Scene, Scene]:
    """The room with its true depth, and with what the model that ships makes of the photo."""
    source = open_source(ROOT / "examples" / "rooms")
    pair = next(ref for ref in source.pairs if ref.id == ROOM).load()
    photo = replace(decode_photo(pair.image, pair.id), intrinsics=pair.intrinsics)
    truth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
    assert photo.intrinsics is not None
    return Scene(photo, truth, photo.intrinsics), Scene.of_result(DepthEstimator()(photo))


def aside(mesh: Mesh, degrees: float = 28.0, down: float = 16.0) -> NDArray[np.uint8]:
    """Draw a mesh as seen from the left and from above, turned about its middle."""
    return draw(turned(mesh.points, degrees, down), mesh, viewer())


def cloud_aside(cloud: PointCloud, degrees: float = 28.0, down: float = 16.0) -> NDArray[np.uint8]:
    """Draw a cloud's points as dots, as seen from the left and from above."""
    height, width = SIZE
    camera = viewer()
    points = turned(cloud.points, degrees, down)
    x = np.rint(camera.fx * points[:, 0] / points[:, 2] + camera.cx).astype(int)
    y = np.rint(camera.fy * points[:, 1] / points[:, 2] + camera.cy).astype(int)
    seen = (points[:, 2] > 0.1) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    order = np.argsort(-points[seen, 2], kind="stable")  # the nearest is drawn last
    picture = np.full((height, width, 3), _PAPER, np.uint8)
    picture[y[seen][order], x[seen][order]] = cloud.colours[seen][order]
    return picture


def viewer() -> Intrinsics:
    height, width = SIZE
    return Intrinsics(0.85 * width, 0.85 * width, width / 2, height / 2)


def turned(points: NDArray[np.float32], degrees: float, down: float) -> NDArray[np.float64]:
    """Turn points about their middle, and move them away a little."""
    middle = np.median(points, axis=0)
    yaw, pitch = math.radians(degrees), math.radians(down)
    around_y = np.array(
        [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    )
    around_x = np.array(
        [[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]]
    )
    moved: NDArray[np.float64] = (points - middle) @ (around_x @ around_y).T
    moved[:, 2] += middle[2] * 1.25
    return moved


def draw(points: NDArray[np.float64], mesh: Mesh, camera: Intrinsics) -> NDArray[np.uint8]:
    """Sample the triangles densely and keep the nearest point of each pixel."""
    u, v = np.mgrid[0 : 1 : _SAMPLES * 1j, 0 : 1 : _SAMPLES * 1j].reshape(2, -1)
    inside = u + v <= 1
    weights = np.stack([1 - u - v, u, v], axis=1)[inside]
    height, width = SIZE
    picture = np.full((height * width, 3), _PAPER, np.uint8)
    front = np.full(height * width, np.inf)
    for weight in weights:
        sample = np.tensordot(weight, points[mesh.triangles], axes=(0, 1))
        colour = np.tensordot(weight, mesh.colours[mesh.triangles].astype(float), axes=(0, 1))
        x = np.rint(camera.fx * sample[:, 0] / sample[:, 2] + camera.cx).astype(int)
        y = np.rint(camera.fy * sample[:, 1] / sample[:, 2] + camera.cy).astype(int)
        seen = (sample[:, 2] > 0.1) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
        order = np.argsort(-sample[seen, 2], kind="stable")
        place, depth = (y * width + x)[seen][order], sample[seen, 2][order]
        nearer = depth < front[place]
        np.minimum.at(front, place, depth)
        last = nearer & (depth == front[place])
        picture[place[last]] = np.rint(colour[seen][order][last])
    return picture.reshape(height, width, 3)


if __name__ == "__main__":
    main()
