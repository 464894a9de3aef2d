from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernel.test_fitting import SEEDS, fitted, photo_maps
from neardepth.errors import PoolError
from neardepth.kernel.storage import load_fit, save_fit


def test_a_fit_comes_back_as_it_was(tmp_path: Path) -> None:
    fit = fitted(SEEDS)
    save_fit(tmp_path / "fit.safetensors", fit, {"pairs": 30})
    again = load_fit(tmp_path / "fit.safetensors")
    one, two = (f.model.predict([photo_maps(77)]) for f in (fit, again))
    np.testing.assert_allclose(one.log_depth, two.log_depth, atol=5e-3)
    assert one.novelty == pytest.approx(two.novelty, abs=0.01)
    np.testing.assert_array_equal(again.first, fit.first)
    np.testing.assert_array_equal(np.stack(again.without), np.stack(fit.without))
    assert again.model.calibration.factor95 == fit.model.calibration.factor95


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "absent"])
def test_a_damaged_fit_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "fit.safetensors"
    save_fit(path, fitted(SEEDS[:6]), {})
    data = path.read_bytes()
    if damage == "absent":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut": data[:-1000], "garbage": b"x" * 500}[damage])
    with pytest.raises(PoolError, match="is damaged"):
        load_fit(path)
