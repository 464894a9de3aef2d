"""A pinhole camera in a room: its pose, and the rays through its pixels' centres."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from rooms.shapes import Points, Vector


@dataclass(frozen=True)
class Camera:
    """Focal length and size in pixels, and the 4×4 pose from camera to room.

    The camera looks along its +z, its x points right and its y down. Pixels are square, their
    centres lie at whole numbers, and the principal point is the photo's middle.
    """

    focal: float
    width: int
    height: int
    pose: Points

    @property
    def centre(self) -> tuple[float, float]:
        """The principal point in pixels."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    def rays(self) -> Points:
        """Return the rays through the pixels' centres in the room, H×W×3, each of z-depth 1."""
        cx, cy = self.centre
        x, y = np.meshgrid(np.arange(self.width) - cx, np.arange(self.height) - cy)
        own = np.stack([x / self.focal, y / self.focal, np.ones_like(x)], axis=-1)
        return np.asarray(own @ self.pose[:3, :3].T, dtype=np.float64)

    def beside(self, metres: float) -> Camera:
        """Return the camera moved along its own x axis."""
        pose = self.pose.copy()
        pose[:3, 3] += metres * pose[:3, 0]
        return replace(self, pose=pose)

    def resized(self, width: int) -> Camera:
        """Return the same view in another width; the proportions stay."""
        factor = width / self.width
        return replace(
            self, focal=self.focal * factor, width=width, height=round(self.height * factor)
        )


def look(at: Vector, yaw: float, pitch: float, roll: float) -> Points:
    """Return the pose of a camera that looks along `yaw` (0 is +x), `pitch` up and `roll`ed."""
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    ahead = np.array([cy * cp, sy * cp, sp])
    right = np.array([sy, -cy, 0.0])
    down = np.cross(ahead, right)
    pose = np.eye(4)
    pose[:3, 0] = math.cos(roll) * right + math.sin(roll) * down
    pose[:3, 1] = math.cos(roll) * down - math.sin(roll) * right
    pose[:3, 2] = ahead
    pose[:3, 3] = at
    return pose
