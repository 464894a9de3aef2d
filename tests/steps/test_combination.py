from __future__ import annotations

import numpy as np
import pytest

from neardepth.steps.combination import learn_shares


def test_the_descriptor_that_tells_depth_gets_the_weight() -> None:
    random = np.random.default_rng(0)
    log_depth = random.normal(size=(60, 1, 1)).repeat(4, axis=1).astype(np.float32)
    angle = log_depth[:, 0, 0]
    telling = np.stack([np.sin(angle), np.cos(angle), 0 * angle], axis=1).astype(np.float32)
    noise = random.normal(size=(60, 8)).astype(np.float32)
    shares = learn_shares([noise, telling], log_depth)
    assert shares.sum() == pytest.approx(1)
    assert shares[1] > 0.6


def test_the_order_of_descriptors_only_orders_the_shares() -> None:
    random = np.random.default_rng(1)
    log_depth = random.normal(size=(40, 2, 2)).astype(np.float32)
    tables = [random.normal(size=(40, dim)).astype(np.float32) for dim in (5, 9)]
    forward, back = learn_shares(tables, log_depth), learn_shares(tables[::-1], log_depth)
    assert forward == pytest.approx(back[::-1])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_tiny_or_an_unknown_pool_still_gives_shares(count: int) -> None:
    tables = [np.eye(count, 4, dtype=np.float32), np.ones((count, 3), np.float32)]
    for log_depth in (np.zeros((count, 2, 2), np.float32), np.full((count, 2, 2), np.nan)):
        shares = learn_shares(tables, log_depth.astype(np.float32))
        assert np.isfinite(shares).all()
        assert shares.sum() == pytest.approx(1)
