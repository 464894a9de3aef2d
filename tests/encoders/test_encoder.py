from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from checkpoints import photo_tiles
from onnx import TensorProto, helper

from neardepth.encoders import Preprocessing, load_encoder
from neardepth.errors import EncoderError

Shape = Sequence[int | str]
PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    """Writes a network that gives the input, or its mean colours, to an .onnx file."""

    def write(
        shape: Shape = ("N", 3, "H", "W"),
        output: Shape | None = ("N", 3),
        *,
        average: Sequence[int] = (2, 3),
        kind: int = TensorProto.FLOAT,
        inputs: int = 1,
    ) -> Path:
        node = helper.make_node("Identity", ["x0"], ["y"])
        if average:
            node = helper.make_node("ReduceMean", ["x0"], ["y"], axes=average, keepdims=0)
        graph = helper.make_graph(
            [node],
            "tiny",
            [helper.make_tensor_value_info(f"x{i}", kind, shape) for i in range(inputs)],
            [helper.make_tensor_value_info("y", kind, output)],
        )
        opset = [helper.make_opsetid("", 13)]
        path = tmp_path / "tiny.onnx"
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
        return path

    return write


def mean_colours(tiles: np.ndarray) -> np.ndarray:
    return tiles.mean((1, 2)) / 255


def test_the_real_resnet50v2(shared_dir: Path) -> None:
    path = shared_dir / "weights" / "resnet50v2-conv4-gap.onnx"
    encoder = load_encoder(str(path))
    assert encoder.name == "resnet50v2-conv4-gap"
    assert encoder.dim == 1024
    assert encoder.source == str(path.resolve())
    assert encoder.preprocessing.size == (224, 224)
    assert encoder.preprocessing.mean == (0.485, 0.456, 0.406)
    tiles = photo_tiles(224, 224)
    features = encoder(tiles)
    assert features.shape == (2, 1024)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(encoder(tiles[1:]), features[1:], rtol=1e-4, atol=1e-5)
    assert abs(encoder(tiles[..., ::-1]) - features).max() > 0.1 * features.max()


def test_a_file_beside_the_network_says_how_tiles_are_prepared(
    network: Callable[..., Path],
) -> None:
    path = network()
    preprocessing = Preprocessing((20, 30), *PLAIN)
    path.with_suffix(".json").write_text(json.dumps(preprocessing.to_dict()))
    assert load_encoder(str(path)).preprocessing == preprocessing
    path.with_suffix(".json").write_text('{"size": 224}')
    with pytest.raises(EncoderError, match=r"tiny\.json does not describe a preprocessing"):
        load_encoder(str(path))


def test_an_open_size_is_224_with_imagenet_colours(network: Callable[..., Path]) -> None:
    encoder = load_encoder(str(network()))
    assert encoder.preprocessing.size == (224, 224)
    assert encoder.preprocessing.mean == (0.485, 0.456, 0.406)
    assert encoder.name == "tiny"
    assert encoder.dim == 3


def test_features_follow_the_preprocessing(network: Callable[..., Path]) -> None:
    encoder = load_encoder(str(network()), preprocessing=Preprocessing((20, 30), *PLAIN))
    tiles = photo_tiles(20, 30, 4)
    np.testing.assert_allclose(encoder(tiles), mean_colours(tiles), rtol=1e-5)


@pytest.mark.parametrize("output", [("N", 3, "H", "W"), None])
def test_maps_are_averaged(network: Callable[..., Path], output: Shape | None) -> None:
    path = network(output=output, average=())
    encoder = load_encoder(str(path), preprocessing=Preprocessing((20, 30), *PLAIN))
    assert encoder.dim == 3
    tiles = photo_tiles(20, 30)
    np.testing.assert_allclose(encoder(tiles), mean_colours(tiles), rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_graphs_of_a_fixed_batch_are_run_as_often_as_it_takes(
    network: Callable[..., Path], batch: int, count: int
) -> None:
    path = network(shape=(batch, 3, 20, 30), output=(batch, 3))
    encoder = load_encoder(str(path), preprocessing=Preprocessing((20, 30), *PLAIN))
    tiles = photo_tiles(20, 30, 4)[np.arange(count) % 4]
    np.testing.assert_allclose(encoder(tiles), mean_colours(tiles), rtol=1e-5)


def test_any_number_of_tiles_is_encoded(network: Callable[..., Path]) -> None:
    encoder = load_encoder(str(network()), preprocessing=Preprocessing((8, 8), *PLAIN))
    tiles = np.random.default_rng(0).integers(0, 256, (150, 8, 8, 3), np.uint8)
    np.testing.assert_allclose(encoder(tiles), mean_colours(tiles), rtol=1e-5)
    np.testing.assert_array_equal(encoder(tiles), encoder.run(encoder.prepare(tiles)))
    assert encoder(tiles[:0]).shape == (0, 3)


def test_threads_share_an_encoder(shared_cache: Path) -> None:
    encoder = load_encoder("efficientnet-lite0", threads=2)
    tiles = photo_tiles(224, 224, 4)
    expected = encoder(tiles)
    with ThreadPoolExecutor(4) as pool:
        for features in pool.map(encoder, 8 * [tiles]):
            np.testing.assert_array_equal(features, expected)


def test_the_number_of_threads_does_not_matter(shared_cache: Path) -> None:
    tiles = photo_tiles(224, 224)
    one, two = (load_encoder("efficientnet-lite0", threads=n)(tiles) for n in (1, 2))
    np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    with pytest.raises(EncoderError, match="at least 1 thread"):
        load_encoder("efficientnet-lite0", threads=0)


def test_providers(shared_cache: Path) -> None:
    load_encoder("efficientnet-lite0", providers=["CPUExecutionProvider"])
    with pytest.raises(EncoderError, match=r"no provider 'Abacus'; it has .*CPUExecutionProvider"):
        load_encoder("efficientnet-lite0", providers=["Abacus", "CPUExecutionProvider"])


def test_info_is_plain_data_that_loads_the_same_encoder(shared_cache: Path) -> None:
    encoder = load_encoder("efficientnet-lite0")
    info = json.loads(json.dumps(encoder.info()))
    assert info["name"] == info["source"] == "efficientnet-lite0"
    assert info["dim"] == 1280
    again = load_encoder(
        info["source"], preprocessing=Preprocessing.from_dict(info["preprocessing"])
    )
    assert again.info() == encoder.info()


def test_weights_beside_the_graph_count_for_the_hash(network: Callable[..., Path]) -> None:
    path = network()
    alone = load_encoder(str(path)).weights_hash
    path.with_name("tiny.onnx.data").write_bytes(b"weights")
    assert load_encoder(str(path)).weights_hash != alone


@pytest.mark.parametrize(
    ("network_options", "message"),
    [
        ({"shape": ("N", "H", "W", 3)}, r"takes one input, float32 N×3×H×W, but .* N×H×W×3"),
        ({"shape": ("N", 1, "H", "W")}, r"but this network takes 'x0' tensor\(float\) N×1×H×W"),
        ({"inputs": 2}, r"takes one input.*'x0'.*, 'x1'"),
        ({"kind": TensorProto.DOUBLE}, r"takes one input.*'x0' tensor\(double\)"),
        ({"shape": ("N", 3, 32, 48)}, "takes images of 32×48 px .*, not the 20×30 px"),
        ({"average": (3,), "output": ("N", 3, "H")}, r"first output .* gives 'y' .* N×3×H"),
    ],
)
def test_networks_that_do_not_fit_are_named(
    network: Callable[..., Path], network_options: dict[str, object], message: str
) -> None:
    path = network(**network_options)
    with pytest.raises(EncoderError, match=message) as raised:
        load_encoder(str(path), preprocessing=Preprocessing((20, 30), *PLAIN))
    assert str(path) in str(raised.value)


def test_an_output_that_is_no_feature_is_named(network: Callable[..., Path]) -> None:
    path = network()
    flat = helper.make_graph(
        [helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)],
        "flat",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 3, "H", "W"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(flat, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    with pytest.raises(EncoderError, match=r"tiny\.onnx .*not N×D"):
        load_encoder(str(path))


def test_damaged_files_are_named(network: Callable[..., Path], tmp_path: Path) -> None:
    path = network()
    data = path.read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"\x89PNG" + data, bytes(100)):
        path.write_bytes(damaged)
        with pytest.raises(EncoderError, match=r"tiny\.onnx is not a usable ONNX network"):
            load_encoder(str(path))
    with pytest.raises(EncoderError, match=r"none\.onnx cannot be read: No such file"):
        load_encoder(str(tmp_path / "none.onnx"))
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(EncoderError, match="cannot be read: Is a directory"):
        load_encoder(str(tmp_path / "folder.onnx"))


def test_other_shapes_and_names_are_refused(network: Callable[..., Path]) -> None:
    encoder = load_encoder(str(network()), preprocessing=Preprocessing((20, 30), *PLAIN))
    with pytest.raises(ValueError, match="tiles are"):
        encoder.prepare(np.zeros((1, 30, 20, 3), np.uint8))
    with pytest.raises(ValueError, match="prepared tiles are float64"):
        encoder.run(np.zeros((1, 3, 20, 30)))
    with pytest.raises(EncoderError, match=r"no encoder 'resnet51'; there are .* an \.onnx file"):
        load_encoder("resnet51")


def test_a_network_that_fails_while_running_is_named(network: Callable[..., Path]) -> None:
    path = network()
    model = onnx.load(path)
    # Claims any size, but was exported for 7×7 px.
    del model.graph.node[:]
    model.graph.node.extend(
        [
            helper.make_node("Constant", [], ["shape"], value_ints=[-1, 147]),
            helper.make_node("Reshape", ["x0", "shape"], ["y"]),
        ]
    )
    onnx.save(model, path)
    with pytest.raises(EncoderError, match=r"tiny\.onnx cannot be run on \(1, 3, 8, 8\)"):
        load_encoder(str(path), preprocessing=Preprocessing((8, 8), *PLAIN))(photo_tiles(8, 8, 1))


def test_features_that_are_not_finite_are_refused(network: Callable[..., Path]) -> None:
    encoder = load_encoder(str(network()), preprocessing=Preprocessing((8, 8), *PLAIN))
    with pytest.raises(EncoderError, match="not finite"):
        encoder.run(np.full((1, 3, 8, 8), np.nan, np.float32))


def test_nothing_is_recorded_in_the_home_folder(shared_dir: Path, tmp_path: Path) -> None:
    weights = str(shared_dir / "weights" / "resnet50v2-conv4-gap.onnx")
    code = f"from neardepth.encoders import load_encoder; load_encoder({weights!r})"
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
