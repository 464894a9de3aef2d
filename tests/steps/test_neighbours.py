from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import pearsonr

from neardepth.steps.neighbours import correlate, nearest, standardise


def random_descriptors(seed: int, count: int, dim: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(2, 3, (count, dim)).astype(np.float32)


def test_correlation_is_pearsons() -> None:
    pool, queries = random_descriptors(0, 20, 50), random_descriptors(1, 5, 50)
    expected = [[pearsonr(query, image).statistic for image in pool] for query in queries]
    np.testing.assert_allclose(correlate(queries, standardise(pool)), expected, atol=1e-5)


def test_one_query_gives_what_many_give() -> None:
    pool, queries = random_descriptors(0, 20, 50), random_descriptors(1, 3, 50)
    together = correlate(queries, standardise(pool))
    alone = np.concatenate([correlate(query[None], standardise(pool)) for query in queries])
    np.testing.assert_allclose(together, alone, atol=1e-6)


@given(offset=st.floats(-100, 100), scale=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_offset_and_scale_do_not_matter(offset: float, scale: float, seed: int) -> None:
    query = random_descriptors(seed, 1, 64)
    pool = standardise(random_descriptors(seed + 1, 4, 64))
    moved = (query * scale + offset).astype(np.float32)
    np.testing.assert_allclose(correlate(moved, pool), correlate(query, pool), atol=5e-3)


def test_a_constant_descriptor_correlates_with_nothing() -> None:
    flat = np.full((1, 100), 0.1, np.float32)
    assert not correlate(flat, standardise(random_descriptors(0, 3, 100))).any()
    assert not standardise(flat).any()


@settings(max_examples=200)
@given(
    values=st.lists(st.sampled_from([-0.5, 0.0, 0.25, 0.5, 0.75]), min_size=1, max_size=30),
    k=st.integers(1, 8),
    data=st.data(),
)
def test_nearest_equals_a_full_stable_sort(
    values: list[float], k: int, data: st.DataObject
) -> None:
    excluded = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    ranked = sorted(
        (-value, index)
        for index, (value, out) in enumerate(zip(values, excluded, strict=True))
        if not out
    )
    found = nearest(np.array(values, np.float32), k, np.array(excluded))
    assert found.tolist() == [index for _, index in ranked[:k]]


def test_leave_one_out_masks_the_query_itself() -> None:
    pool = random_descriptors(0, 10, 30)
    correlations = correlate(pool[3:4], standardise(pool))[0]
    assert nearest(correlations, 1)[0] == 3
    assert 3 not in nearest(correlations, 9, np.arange(10) == 3)
