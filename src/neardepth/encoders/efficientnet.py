"""EfficientNet-Lite as an ONNX graph.

M. Tan, Q. V. Le, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks*, in
the Lite variant: ReLU6, no squeeze-and-excitation, stem, head and the repeats of the first and
last stage not scaled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neardepth.encoders.graph import HEAD, IMAGE, STRIDE_16, STRIDE_32, GraphBuilder
from neardepth.errors import CheckpointError

if TYPE_CHECKING:
    import onnx

# Kernel and stride of each stage's first block; the other blocks have stride 1.
_STAGES = ((3, 1), (3, 2), (5, 2), (3, 2), (5, 1), (5, 2), (3, 1))
_MAPS = {4: STRIDE_16, 6: STRIDE_32}
"""Stages whose last activation is an output as well."""
# Blocks in each stage, by the blocks in all: Lite0; Lite1 (depth × 1.1) and Lite2 (× 1.2).
_REPEATS = {16: (1, 2, 2, 3, 3, 4, 1), 21: (1, 3, 3, 4, 4, 5, 1)}


def build_efficientnet_lite(
    weights: Mapping[str, NDArray[Any]], network: str = "EfficientNet-Lite"
) -> onnx.ModelProto:
    """Build EfficientNet-Lite 0, 1 or 2 up to its globally average-pooled last activation.

    Args:
        weights: the state dict, in the names of ``efficientnet_pytorch``.
        network: its name, for messages.

    Returns:
        A graph from ``image`` (N×3×H×W) to ``descriptor`` (N×1280), with the maps ``stride16``
        (112 or 120 channels), ``stride32`` (320 or 352) and ``head`` (1280).

    Raises:
        CheckpointError: the state dict is not that of such a network.
    """
    net = GraphBuilder(weights, network, epsilon=1e-3, same_upper=True)
    x = net.relu6(net.convolution(IMAGE, "_conv_stem", "_bn0", kernel=3, stride=2))
    maps = {}
    for index, (stage, kernel, stride) in enumerate(_layout(weights, network)):
        x = _block(net, x, f"_blocks.{index}", kernel, stride)
        if stage in _MAPS:
            maps[_MAPS[stage]] = x  # the stage's last block stays
    x = net.relu6(net.convolution(x, "_conv_head", "_bn1", kernel=1))
    return net.model(net.global_average(x), {**maps, HEAD: x})


def _layout(weights: Mapping[str, NDArray[Any]], network: str) -> Iterator[tuple[int, int, int]]:
    """Yield stage, kernel and stride of each block."""
    count = len({name.split(".")[1] for name in weights if name.startswith("_blocks.")})
    if count not in _REPEATS:
        raise CheckpointError(f"the checkpoint is not one of {network}: it has {count} blocks")
    for stage, ((kernel, stride), repeats) in enumerate(zip(_STAGES, _REPEATS[count], strict=True)):
        yield stage, kernel, stride
        yield from (repeats - 1) * [(stage, kernel, 1)]


def _block(net: GraphBuilder, x: str, name: str, kernel: int, stride: int) -> str:
    """Add an inverted bottleneck: expand, convolve each channel, project; residual if it fits."""
    y = x
    if net.has(f"{name}._expand_conv.weight"):
        y = net.relu6(net.convolution(y, f"{name}._expand_conv", f"{name}._bn0", kernel=1))
    y = net.convolution(
        y, f"{name}._depthwise_conv", f"{name}._bn1", kernel=kernel, stride=stride, depthwise=True
    )
    y = net.convolution(net.relu6(y), f"{name}._project_conv", f"{name}._bn2", kernel=1)
    fits = stride == 1 and net.channels[x] == net.channels[y]
    return net.add(y, x) if fits else y
