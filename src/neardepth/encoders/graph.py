"""Building ONNX graphs of convolutional networks from PyTorch state dicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import CheckpointError

if TYPE_CHECKING:
    import onnx

IMAGE = "image"
"""Name of the input: N×3×H×W, float32, any N, H and W."""
STRIDE_16, STRIDE_32, HEAD = "stride16", "stride32", "head"
"""Names of the outputs that are maps, N×C×h×w."""

_OPSET, _IR_VERSION = 17, 8  # old enough for every ONNX Runtime that is supported


@dataclass
class GraphBuilder:
    """Adds layers one by one; a layer is named by its output.

    Batch normalisation is folded into the convolution before it, in float64.

    Args:
        weights: the state dict.
        network: its name, for messages.
        epsilon: of batch normalisation.
        same_upper: pad as TensorFlow's "SAME" does, the odd pixel after; otherwise by half the
            kernel on each side, as PyTorch does.
    """

    weights: Mapping[str, NDArray[Any]]
    network: str
    epsilon: float
    same_upper: bool = False
    channels: dict[str, int] = field(default_factory=lambda: {IMAGE: 3})
    _nodes: list[Any] = field(default_factory=list)
    _constants: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def convolution(
        self, x: str, name: str, norm: str, *, kernel: int, stride: int = 1, depthwise: bool = False
    ) -> str:
        """Add the convolution ``name`` with the batch normalisation ``norm`` folded into it.

        Raises:
            CheckpointError: the state dict has no such layer, of another shape, or not finite.
        """
        inputs = self.channels[x]
        weight = self._weight(f"{name}.weight")
        outputs = inputs if depthwise else len(weight)
        if weight.shape != (outputs, 1 if depthwise else inputs, kernel, kernel):
            raise self._misfit(f"{name}.weight is of shape {weight.shape}")
        gamma, beta, mean, variance = (
            self._weight(f"{norm}.{part}", outputs)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        with np.errstate(all="ignore"):  # checked in _constant
            scale = gamma / np.sqrt(variance + self.epsilon)
            folded, bias = weight * scale[:, None, None, None], beta - mean * scale
        padding = {"auto_pad": "SAME_UPPER"} if self.same_upper else {"pads": 4 * [kernel // 2]}
        y = self._add(
            "Conv",
            [x, self._constant(f"{name}.weight", folded), self._constant(f"{name}.bias", bias)],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            group=inputs if depthwise else 1,
            **padding,
        )
        self.channels[y] = outputs
        return y

    def relu(self, x: str) -> str:
        """Add ``max(x, 0)``."""
        return self._add("Relu", [x])

    def relu6(self, x: str) -> str:
        """Add ``min(max(x, 0), 6)``."""
        limits = [self._constant("zero", np.array(0.0)), self._constant("six", np.array(6.0))]
        return self._add("Clip", [x, *limits])

    def add(self, x: str, y: str) -> str:
        """Add the residual connection ``x + y``."""
        return self._add("Add", [x, y])

    def max_pool(self, x: str, kernel: int, stride: int) -> str:
        """Add max pooling, padded by half the kernel on each side."""
        shape = {"kernel_shape": [kernel, kernel], "strides": [stride, stride]}
        return self._add("MaxPool", [x], **shape, pads=4 * [kernel // 2])

    def global_average(self, x: str) -> str:
        """Add the average over H and W, which makes N×D of N×D×H×W."""
        pooled = self._add("GlobalAveragePool", [x])
        return self._add("Flatten", [pooled])

    def model(self, descriptor: str, maps: Mapping[str, str]) -> onnx.ModelProto:
        """Return the network whose first output is the layer ``descriptor``, N×D.

        Args:
            descriptor: a layer.
            maps: layers that are outputs as well, N×C×h×w, by the names they are given.
        """
        import onnx
        from onnx import helper, numpy_helper

        self._nodes.append(helper.make_node("Identity", [descriptor], ["descriptor"]))
        outputs = [_tensor("descriptor", ["N", self.channels[descriptor]])]
        for name, layer in maps.items():
            self._nodes.append(helper.make_node("Identity", [layer], [name]))
            outputs.append(_tensor(name, ["N", self.channels[layer], f"{name}_h", f"{name}_w"]))
        graph = helper.make_graph(
            self._nodes,
            self.network,
            [_tensor(IMAGE, ["N", 3, "H", "W"])],
            outputs,
            [numpy_helper.from_array(value, name) for name, value in self._constants.items()],
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(
            graph, ir_version=_IR_VERSION, opset_imports=opsets, producer_name="neardepth"
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def has(self, name: str) -> bool:
        """Tell whether the state dict has an array of this name."""
        return name in self.weights

    def _add(self, operation: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        output = f"{operation.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        self.channels[output] = self.channels[inputs[0]]
        return output

    def _weight(self, name: str, length: int | None = None) -> NDArray[np.float64]:
        weight = self.weights.get(name)
        if weight is None:
            raise self._misfit(f"{name} is missing")
        if length is not None and weight.shape != (length,):
            raise self._misfit(f"{name} is of shape {weight.shape}")
        return weight.astype(np.float64)

    def _constant(self, name: str, value: NDArray[np.float64]) -> str:
        if not np.isfinite(value).all():
            raise self._misfit(f"{name} is not finite")
        self._constants[name] = value.astype(np.float32)
        return name

    def _misfit(self, reason: str) -> CheckpointError:
        return CheckpointError(f"the checkpoint is not one of {self.network}: {reason}")


def _tensor(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
