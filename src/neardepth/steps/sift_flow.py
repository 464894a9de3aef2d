"""SIFT flow: where in another photo of a like scene each pixel has its counterpart.

C. Liu, J. Yuen, A. Torralba, *SIFT Flow: Dense Correspondence across Scenes and Its Applications*,
PAMI 33(5), 2011: dense SIFT descriptors, an energy of their difference, of the flow's length and of
its smoothness, minimised by belief propagation in which horizontal and vertical flow are layers of
their own, coarse to fine. Written anew for arrays: all photos of a call go through the sweeps
together, line by line.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Cost = NDArray[np.float32]

_CELL = 4  # pixels of a descriptor's bin
_ORIENTATIONS = 8
_LEVELS = 3  # of the pyramid, from half the photo's size down: depth maps hold nothing finer

_SMOOTH = 255.0  # cost of a pixel's difference between neighbours' flow, per component
_TORN = 40 * 255.0  # what such a difference costs at most
_SHORT = 0.005 * 255.0  # cost of a pixel of flow
_UNLIKE = 6000.0  # what a difference of descriptors costs at most: about that of two random ones

_REACH = (2, 2, 8)  # pixels searched around what the coarser level found, finest level first
_SWEEPS = (4, 6, 10)  # rounds of belief propagation, finest level first


class Flow(NamedTuple):
    """Counterparts of a photo's pixels in K others."""

    offsets: NDArray[np.intp]
    """K×2×H×W: rows and columns to go from a pixel to its counterpart."""
    difference: NDArray[np.float32]
    """K×H×W: L1 difference of the descriptors there, of 0…255 each."""


def sift_flow(photo: Image, others: Image) -> Flow:
    """Match a photo to others of the same size.

    Args:
        photo: H×W×3, uint8, at least 16 pixels a side.
        others: K×H×W×3, uint8.
    """
    own = _pyramid(dense_sift(photo))
    theirs = [_pyramid(dense_sift(other)) for other in others]
    flow = np.zeros((len(others), 2, *own[-1].shape[:2]), np.intp)
    for level in reversed(range(_LEVELS)):
        shape = own[level].shape[:2]
        if flow.shape[2:] != shape:
            flow = _finer(flow, shape)
        reach = _REACH[level]
        costs = np.stack(
            [
                _matching(own[level], them[level], f, reach)
                for them, f in zip(theirs, flow, strict=True)
            ]
        )
        flow = _propagate(costs, flow, reach, _SWEEPS[level])
    differences = [_difference(own[0], them[0], f) for them, f in zip(theirs, flow, strict=True)]
    full = photo.shape[:2]
    return Flow(_finer(flow, full), np.stack([cv2.resize(d, full[::-1]) for d in differences]))


def warp(values: NDArray[np.float32], offsets: NDArray[np.intp]) -> NDArray[np.float32]:
    """Take a map's values where the flow leads, H×W; ``offsets`` are 2×H×W."""
    rows, columns = _targets(offsets)
    return np.asarray(values[rows, columns])


def dense_sift(image: Image) -> NDArray[np.uint8]:
    """Return a SIFT descriptor of every pixel, H×W×128 of 0…255.

    4×4 bins of 4 pixels around the pixel, 8 orientations each; normalised, cut at 0.2 and
    normalised again, as D. Lowe's are; upright.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(across, down)
    turns = np.arange(_ORIENTATIONS, dtype=np.float32) * (2 * np.pi / _ORIENTATIONS)
    votes = strength[..., None] * np.maximum(np.cos(angle[..., None] - turns), 0) ** 9
    # A triangle over two bins' width shares each gradient among the bins around it.
    binned = cv2.blur(cv2.blur(votes, (_CELL, _CELL)), (_CELL, _CELL))
    places = [round(_CELL * (place - 1.5)) for place in range(4)]
    margin = 2 * _CELL
    padded = np.pad(binned, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    height, width = grey.shape
    parts = [
        padded[margin + y : margin + y + height, margin + x : margin + x + width]
        for y in places
        for x in places
    ]
    descriptors = np.concatenate(parts, axis=2)
    flat = descriptors.reshape(-1, descriptors.shape[2])
    # Added to the norm so that what is nearly flat has no direction.
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1.0
    np.minimum(flat, 0.2, out=flat)
    flat *= 255 / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 0.5)
    return np.asarray(np.minimum(descriptors, 255), np.uint8)


def _pyramid(descriptors: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Halve descriptors again and again, finest first: the mean of 2×2 pixels."""
    levels: list[NDArray[np.uint8]] = []
    while len(levels) < _LEVELS:
        last = levels[-1] if levels else descriptors
        height, width = (max(1, side // 2) for side in last.shape[:2])
        cut = last[: 2 * height, : 2 * width].astype(np.uint16)
        halved = (cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2] + 2) // 4
        levels.append(halved.astype(np.uint8))
    return levels


def _finer(flow: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.intp]:
    """Carry flow to a level of twice the size."""
    rows, columns = (
        np.minimum(np.arange(side) // 2, coarse - 1)
        for side, coarse in zip(shape, flow.shape[2:], strict=True)
    )
    return 2 * flow[:, :, rows[:, None], columns]


def _targets(offsets: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns that offsets lead to, kept within the photo."""
    height, width = offsets.shape[1:]
    rows = np.clip(np.arange(height)[:, None] + offsets[0], 0, height - 1)
    return rows, np.clip(np.arange(width) + offsets[1], 0, width - 1)


def _difference(
    own: NDArray[np.uint8], other: NDArray[np.uint8], offsets: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the L1 difference of descriptors at offsets, H×W."""
    height, width = own.shape[:2]
    rows, columns = _targets(offsets)
    there = other.reshape(height * width, -1)[(rows * width + columns).ravel()]
    apart = cv2.absdiff(own.reshape(height * width, -1), there)
    total = cv2.reduce(apart, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)
    return np.asarray(total.reshape(height, width), np.float32)


def _matching(
    own: NDArray[np.uint8], other: NDArray[np.uint8], flow: NDArray[np.intp], reach: int
) -> Cost:
    """Return the cost of each offset around the flow, L×L×H×W, L = 2·reach + 1."""
    steps = range(-reach, reach + 1)
    costs = np.empty((len(steps), len(steps), *own.shape[:2]), np.float32)
    for row, down in enumerate(steps):
        for column, right in enumerate(steps):
            moved = flow + np.array([down, right])[:, None, None]
            np.minimum(_difference(own, other, moved), _UNLIKE, out=costs[row, column])
    return costs


def _propagate(costs: Cost, flow: NDArray[np.intp], reach: int, sweeps: int) -> NDArray[np.intp]:
    """Minimise the energy around a flow by max-product belief propagation.

    Args:
        costs: K×L×L×H×W, of rows and columns moved.
        flow: K×2×H×W that the L offsets of each component are around.
        reach: L = 2·reach + 1.
        sweeps: rounds of left, right, up and down.

    Returns:
        K×2×H×W.
    """
    steps = np.arange(-reach, reach + 1)
    centres = flow.transpose(1, 0, 2, 3)
    # Everything below is 2×L×K×H×W: the two layers, then the labels.
    labels = centres[:, None] + steps[None, :, None, None, None]
    unary = (_SHORT * np.abs(labels)).astype(np.float32)
    joint = np.ascontiguousarray(costs.transpose(1, 2, 0, 3, 4))  # L×L×K×H×W
    messages = {name: np.zeros_like(unary) for name in ("up", "down", "left", "right")}
    total = unary
    for _ in range(sweeps):
        local = unary + _between_layers(joint, total)
        for name in messages:
            others = local + sum(
                m for other, m in messages.items() if other not in (name, _BACK[name])
            )
            messages[name] = _sweep(others, centres, steps, name)
        total = unary + sum(messages.values())
    best = np.argmin(total + _between_layers(joint, total), axis=1)
    return np.asarray((centres + steps[best]).transpose(1, 0, 2, 3))


_BACK = {"up": "down", "down": "up", "left": "right", "right": "left"}


def _between_layers(joint: Cost, beliefs: Cost) -> Cost:
    """Return what each layer tells the other: 2×L×K×H×W."""
    told = np.empty_like(beliefs)
    told[0] = (joint + beliefs[1][None]).min(axis=1)
    told[1] = (joint + beliefs[0][:, None]).min(axis=0)
    return told


def _sweep(others: Cost, centres: NDArray[np.intp], steps: NDArray[np.intp], way: str) -> Cost:
    """Pass messages along every line of a direction, each from what came before.

    Args:
        others: 2×L×K×H×W: all that a pixel believes but for the messages along this line.
        centres: 2×K×H×W: what its labels are around.
        steps: L labels.
        way: "up", "down", "left" or "right".

    Returns:
        2×L×K×H×W: the message that each pixel gets from the one before it.
    """
    axis = 3 if way in ("up", "down") else 4
    lines = np.moveaxis(others, axis, 0)
    places = np.moveaxis(centres, axis - 1, 0)
    if way in ("up", "left"):
        lines, places = lines[::-1], places[::-1]
    lines = np.ascontiguousarray(lines)
    sent = np.zeros_like(lines)
    for line in range(1, len(lines)):
        belief = lines[line - 1] + sent[line - 1]
        apart = (places[line - 1] - places[line]).astype(np.float32)
        sent[line] = _message(belief, apart, steps)
    if way in ("up", "left"):
        sent = sent[::-1]
    return np.moveaxis(sent, 0, axis)


def _message(belief: Cost, apart: NDArray[np.float32], steps: NDArray[np.intp]) -> Cost:
    """Return ``min_i belief_i + min(α|label_i − label_j|, d)``, 2×L×K×W.

    Args:
        belief: 2×L×K×W of the sender.
        apart: 2×K×W, how much farther the sender's labels reach than the receiver's.
        steps: L labels.
    """
    lowest = belief.min(axis=1)
    told = np.empty_like(belief)
    for label, step in enumerate(steps):
        way = np.abs(apart[:, None] + (steps - step)[None, :, None, None])
        told[:, label] = (belief + _SMOOTH * way).min(axis=1)
    np.minimum(told, (lowest + _TORN)[:, None], out=told)
    return np.asarray(told - told.min(axis=1, keepdims=True), np.float32)
