"""The same networks in PyTorch, written straight from their papers and original code."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from torch import Tensor
from torch.nn import functional as F  # noqa: N812

State = Mapping[str, Tensor]


def _norm(state: State, name: str, x: Tensor, epsilon: float) -> Tensor:
    parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *parts, training=False, eps=epsilon)


def resnet50(state: State, x: Tensor) -> Tensor:
    """torchvision's ResNet-50 up to its average pool."""

    def unit(name: str, norm: str, x: Tensor, **options: int) -> Tensor:
        return _norm(state, norm, F.conv2d(x, state[f"{name}.weight"], **options), 1e-5)

    x = F.relu(unit("conv1", "bn1", x, stride=2, padding=3))
    x = F.max_pool2d(x, 3, 2, 1)
    for stage, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = F.relu(unit(f"{name}.conv1", f"{name}.bn1", x))
            y = F.relu(unit(f"{name}.conv2", f"{name}.bn2", y, stride=stride, padding=1))
            y = unit(f"{name}.conv3", f"{name}.bn3", y)
            if block == 0:
                x = unit(f"{name}.downsample.0", f"{name}.downsample.1", x, stride=stride)
            x = F.relu(x + y)
    return F.adaptive_avg_pool2d(x, 1).flatten(1)


def _same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad as TensorFlow's "SAME"."""
    pads: list[int] = []
    for side in (x.shape[3], x.shape[2]):
        total = max((ceil(side / stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


# Repeats, kernel, stride and expansion of the stages.
_STAGES = (
    (1, 3, 1, 1),
    (2, 3, 2, 6),
    (2, 5, 2, 6),
    (3, 3, 2, 6),
    (3, 5, 1, 6),
    (4, 5, 2, 6),
    (1, 3, 1, 6),
)
_DEPTHS = {"efficientnet-lite0": 1.0, "efficientnet-lite1": 1.1, "efficientnet-lite2": 1.2}


def efficientnet_lite(name: str, state: State, x: Tensor) -> Tensor:
    """EfficientNet-Lite up to its average pool."""

    def unit(name: str, norm: str, x: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        x = F.conv2d(_same(x, weight.shape[2], stride), weight, stride=stride, groups=groups)
        return _norm(state, norm, x, 1e-3)

    x = F.relu6(unit("_conv_stem", "_bn0", x, 2))
    index = 0
    for stage, (repeats, kernel, stage_stride, expansion) in enumerate(_STAGES):
        scaled = repeats if stage in (0, 6) else ceil(repeats * _DEPTHS[name])
        for block in range(scaled):
            prefix, stride = f"_blocks.{index}", stage_stride if block == 0 else 1
            assert state[f"{prefix}._depthwise_conv.weight"].shape[2] == kernel
            y = x
            if expansion > 1:
                y = F.relu6(unit(f"{prefix}._expand_conv", f"{prefix}._bn0", y))
            assert y.shape[1] == expansion * x.shape[1]
            depthwise = f"{prefix}._depthwise_conv"
            y = F.relu6(unit(depthwise, f"{prefix}._bn1", y, stride, groups=y.shape[1]))
            y = unit(f"{prefix}._project_conv", f"{prefix}._bn2", y)
            x = x + y if block > 0 else y
            index += 1
    assert f"_blocks.{index}._project_conv.weight" not in state
    x = F.relu6(unit("_conv_head", "_bn1", x))
    return x.mean((2, 3))
