"""Models as files: small, exact enough, the same bytes each time, and refused when damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernel.test_fitting import SEEDS, fitted, photo_maps
from neardepth.encoders import load_encoder
from neardepth.errors import EncoderError, ModelError
from neardepth.kernel import shared as shared_module
from neardepth.kernel.shared import MODELS, SharedModel, load_model, save_model
from neardepth.kernel.storage import save_fit


@pytest.fixture(scope="module")
def model() -> SharedModel:
    ids = tuple(f"site/{seed}" for seed in SEEDS)
    hashes = tuple(f"{seed:064x}" for seed in SEEDS)
    return SharedModel("site", fitted(SEEDS).model, ("net",), ("0",), ids, hashes, {"terms": "x"})


def test_a_model_comes_back_nearly_as_it_was(model: SharedModel, tmp_path: Path) -> None:
    path = tmp_path / "site.safetensors"
    save_model(path, model)
    again = load_model(path)
    assert (again.name, again.ids, again.hashes) == (model.name, model.ids, model.hashes)
    assert (again.encoders, again.facts) == (model.encoders, model.facts)
    one, two = (m.model.predict([photo_maps(77)]) for m in (model, again))
    np.testing.assert_allclose(one.log_depth, two.log_depth, atol=0.02)
    # Their codes leave out hardly anything of these photos: rounding is a good part of it.
    np.testing.assert_allclose(one.spread, two.spread, rtol=0.3)
    assert np.exp(one.novelty) == pytest.approx(np.exp(two.novelty), abs=0.3)
    weights = [m.model.weights_of(p.similarity) for m, p in ((model, one), (again, two))]
    assert np.corrcoef(*weights)[0, 1] > 0.95


def test_the_same_fit_gives_the_same_file(model: SharedModel, tmp_path: Path) -> None:
    save_model(tmp_path / "a", model)
    save_model(tmp_path / "b", replace(model, model=fitted(SEEDS).model))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "changed", "facts"])
def test_a_damaged_model_is_named(model: SharedModel, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "site.safetensors"
    save_model(path, model)
    data = path.read_bytes()
    changed = bytearray(data)
    changed[-100] ^= 1
    whole = {
        "empty": b"",
        "cut": data[:-1000],
        "garbage": b"x" * 500,
        "changed": bytes(changed),
        "facts": data.replace(b"site/", b"room/"),
    }
    path.write_bytes(whole[damage])
    with pytest.raises(ModelError, match=rf"{path.name} is damaged"):
        load_model(path)


def test_other_files_and_versions_are_refused(
    model: SharedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=r"no model 'nowhere'.*indoor"):
        load_model("nowhere")
    fit = tmp_path / "fit.safetensors"
    save_fit(fit, fitted(SEEDS[:6]), {})
    with pytest.raises(ModelError, match="something else"):
        load_model(fit)
    save_model(tmp_path / "new", model)
    monkeypatch.setattr(shared_module, "FORMAT", 0)
    with pytest.raises(ModelError, match="another version"):
        load_model(tmp_path / "new")


def test_other_networks_are_refused(model: SharedModel) -> None:
    encoder = load_encoder("efficientnet-lite0")
    with pytest.raises(EncoderError, match="fitted with net, not with"):
        model.check([encoder])
    renamed = replace(model, encoders=(encoder.name,))
    with pytest.raises(EncoderError, match="another version"):
        renamed.check([encoder])


@pytest.mark.parametrize("name", ["indoor", "indoor-fast"])
def test_what_ships_is_small_and_states_its_origin(name: str) -> None:
    assert (MODELS / f"{name}.safetensors").stat().st_size < 30e6
    model = load_model(name)
    assert model.name == name
    assert "NYU Depth v2" in model.facts["origin"]
    assert "research" in model.facts["terms"]
    assert len(model.ids) == len(set(model.hashes)) == 795
    model.check([load_encoder(encoder) for encoder in model.encoders])
