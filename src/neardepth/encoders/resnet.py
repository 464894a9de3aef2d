"""ResNet-50 as an ONNX graph.

K. He, X. Zhang, S. Ren, J. Sun, *Deep Residual Learning for Image Recognition*, as torchvision
has it: the stride of a stage stands on the 3×3 convolution ("v1.5").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neardepth.encoders.graph import IMAGE, STRIDE_16, STRIDE_32, GraphBuilder

if TYPE_CHECKING:
    import onnx

_BLOCKS = (3, 4, 6, 3)
_MAPS = {3: STRIDE_16, 4: STRIDE_32}
"""Stages whose last activation is an output as well."""


def build_resnet50(
    weights: Mapping[str, NDArray[Any]], network: str = "ResNet-50"
) -> onnx.ModelProto:
    """Build ResNet-50 up to its globally average-pooled last activation.

    Args:
        weights: the state dict, in torchvision's names.
        network: its name, for messages.

    Returns:
        A graph from ``image`` (N×3×H×W) to ``descriptor`` (N×2048), with the maps ``stride16``
        (1024 channels) and ``stride32`` (2048).

    Raises:
        CheckpointError: the state dict is not that of this network.
    """
    net = GraphBuilder(weights, network, epsilon=1e-5)
    x = net.relu(net.convolution(IMAGE, "conv1", "bn1", kernel=7, stride=2))
    x = net.max_pool(x, kernel=3, stride=2)
    maps = {}
    for stage, blocks in enumerate(_BLOCKS, start=1):
        for block in range(blocks):
            stride = 2 if stage > 1 and block == 0 else 1
            x = _bottleneck(net, x, f"layer{stage}.{block}", stride, shortcut=block == 0)
        if stage in _MAPS:
            maps[_MAPS[stage]] = x
    return net.model(net.global_average(x), maps)


def _bottleneck(net: GraphBuilder, x: str, name: str, stride: int, *, shortcut: bool) -> str:
    y = net.relu(net.convolution(x, f"{name}.conv1", f"{name}.bn1", kernel=1))
    y = net.relu(net.convolution(y, f"{name}.conv2", f"{name}.bn2", kernel=3, stride=stride))
    y = net.convolution(y, f"{name}.conv3", f"{name}.bn3", kernel=1)
    if shortcut:
        down = f"{name}.downsample"
        x = net.convolution(x, f"{down}.0", f"{down}.1", kernel=1, stride=stride)
    return net.relu(net.add(y, x))
