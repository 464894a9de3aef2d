from __future__ import annotations

import cv2
import numpy as np
import pytest

from neardepth.errors import PoolError
from neardepth.evaluation.baselines import MeanDepth, random_neighbour
from neardepth.evaluation.profiles import find_profile, score
from neardepth.evaluation.protocols import Query
from neardepth.evaluation.statistics import summarise

NAN = np.nan
DEPTHS = {
    "a": np.array([[1.0, 2.0], [NAN, 4.0]], np.float32),
    "b": np.array([[3.0, 4.0], [NAN, NAN]], np.float32),
    "c": np.array([[8.0, 9.0], [7.0, NAN]], np.float32),
}


def query(own, *others):
    return Query(own, frozenset({own, *others}))


def test_mean_of_the_maps_that_may_be_used():
    mean = MeanDepth(list(DEPTHS), DEPTHS.__getitem__, (2, 2))
    np.testing.assert_allclose(mean(query("a")), [[5.5, 6.5], [7, NAN]])
    np.testing.assert_allclose(mean(query("a", "b")), [[8, 9], [7, NAN]])
    np.testing.assert_allclose(mean(query("c")), [[2, 3], [NAN, 4]])
    np.testing.assert_allclose(mean(query("elsewhere")), [[4, 5], [7, 4]])
    assert mean(query("c")).dtype == np.float32


def test_maps_of_any_size_share_the_grid():
    depths = {"a": np.full((4, 6), 2, np.float32), "b": np.full((2, 3), 4, np.float32)}
    mean = MeanDepth(list(depths), depths.__getitem__, (2, 3))
    np.testing.assert_allclose(mean(query("elsewhere")), np.full((2, 3), 3))


def test_one_exclusion_for_all_queries_is_worked_out_once():
    read = []

    def depth(pair_id):
        read.append(pair_id)
        return DEPTHS[pair_id]

    mean = MeanDepth(list(DEPTHS), depth, (2, 2))
    outside = frozenset({"a", "b"})
    assert mean(Query("a", outside)) is mean(Query("b", outside))
    assert sorted(read) == ["a", "a", "b", "b", "c"]


def test_folds_in_turn_are_worked_out_once_each():
    read = []

    def depth(pair_id):
        read.append(pair_id)
        return DEPTHS[pair_id]

    mean = MeanDepth(list(DEPTHS), depth, (2, 2))
    folds = [frozenset({"a"}), frozenset({"b", "c"})]
    for _ in range(3):
        for fold in folds:
            mean(Query("x", fold))
    assert len(read) == 3 + 3


def test_random_neighbour_is_allowed_and_repeatable():
    ids = [f"p/{number}" for number in range(50)]
    drawn = [random_neighbour(query(own), ids) for own in ids]
    assert drawn == [random_neighbour(query(own), reversed(ids)) for own in ids]
    assert all(other != own for other, own in zip(drawn, ids, strict=True))
    assert len(set(drawn)) > 20
    assert drawn != [random_neighbour(query(own), ids, seed=1) for own in ids]
    assert random_neighbour(Query("p/0", frozenset(ids[1:])), ids) == "p/0"


def test_nothing_left():
    everything = frozenset(DEPTHS)
    with pytest.raises(PoolError, match="nothing of the pool is left for a"):
        MeanDepth(list(DEPTHS), DEPTHS.__getitem__, (2, 2))(Query("a", everything))
    with pytest.raises(PoolError, match="nothing of the pool is left for a"):
        random_neighbour(Query("a", everything), DEPTHS)


@pytest.mark.slow
def test_mean_depth_of_the_nyu_training_pairs(data_dir):
    """Leave-one-out over the 795: RMSE 1.155, REL .408, as measured independently at 240x320."""
    folder = data_dir / "nyuv2-train/depth"
    ids = sorted(path.stem for path in folder.iterdir())

    def read(pair_id):
        counts = cv2.imread(str(folder / f"{pair_id}.png"), cv2.IMREAD_UNCHANGED)
        depth = cv2.resize(counts, (320, 240), interpolation=cv2.INTER_NEAREST) / 1000
        return np.where(depth > 0, depth, np.nan).astype(np.float32)

    depths = {pair_id: read(pair_id) for pair_id in ids}
    mean = MeanDepth(ids, depths.__getitem__, (240, 320))
    paper = find_profile("paper")
    figures = summarise([score(paper, mean(query(own)), depths[own]) for own in ids], "image")
    assert len(ids) == 795
    assert figures["rmse"].mean == pytest.approx(1.155, rel=2e-3)
    assert figures["rel"].mean == pytest.approx(0.408, rel=2e-3)
