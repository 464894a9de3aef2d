from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neardepth.errors import MethodError
from neardepth.evaluation.protocols import (
    PROTOCOLS,
    blocks,
    combined_leave_one_out,
    kfold,
    leave_one_out,
    scene_leave_one_out,
    split,
)


@dataclass(frozen=True)
class Image:
    id: str
    source: str = "nyuv2"
    split: str | None = None
    scene: str | None = None


def images(count, **known):
    return [Image(f"nyuv2/{number}", **known) for number in range(1, count + 1)]


MIXED = [
    Image("nyuv2/0001", split="test", scene="kitchen"),
    Image("nyuv2/0002", split="test", scene="kitchen"),
    Image("nyuv2/0003", split="train", scene="kitchen"),
    Image("nyuv2/0004", split="train", scene="office"),
    Image("make3d/op1", source="make3d", split="train", scene="office"),
    Image("make3d/op2", source="make3d", split=None, scene="op2"),
]


def excluded(queries):
    return {query.id: set(query.exclude) for query in queries}


def test_split_uses_training_images_only():
    outside = {"nyuv2/0001", "nyuv2/0002", "make3d/op2"}
    assert excluded(split(MIXED)) == {"nyuv2/0001": outside, "nyuv2/0002": outside}


@pytest.mark.parametrize("known", [{"split": "train"}, {"split": "test"}, {}])
def test_split_needs_both_parts(known):
    with pytest.raises(MethodError, match="needs training and test images; here are"):
        split(images(3, **known))


def test_leave_one_out_excludes_the_image_itself():
    assert excluded(leave_one_out(images(3))) == {f"nyuv2/{n}": {f"nyuv2/{n}"} for n in (1, 2, 3)}
    with pytest.raises(MethodError, match="at least 2 images, not 1"):
        leave_one_out(images(1))


def test_scene_leave_one_out_excludes_the_scene_of_the_same_data_set():
    kitchen = {"nyuv2/0001", "nyuv2/0002", "nyuv2/0003"}
    result = excluded(scene_leave_one_out(MIXED))
    assert result["nyuv2/0001"] == result["nyuv2/0003"] == kitchen
    assert result["nyuv2/0004"] == {"nyuv2/0004"}  # another set's office is another office
    assert result["make3d/op1"] == {"make3d/op1"}
    assert len(result) == len(MIXED)


def test_scene_leave_one_out_needs_scenes():
    with pytest.raises(MethodError, match="needs the scene of every image; nyuv2/1 has none"):
        scene_leave_one_out(images(2))
    with pytest.raises(MethodError, match="at least 2 scenes, not 1"):
        scene_leave_one_out(images(2, scene="kitchen"))


def test_combined_leave_one_out_needs_several_sets():
    assert combined_leave_one_out(MIXED) == leave_one_out(MIXED)
    with pytest.raises(MethodError, match="at least 2 data sets, not 1; use 'loo'"):
        combined_leave_one_out(images(3))


def test_folds_are_estimated_from_the_other_folds_and_never_from_test_images():
    frames = [*images(11, split="train"), Image("nyuv2/90", split="test")]
    queries = kfold(frames, folds=3)
    assert [query.id for query in queries] == [f"nyuv2/{n}" for n in range(1, 12)]
    assert all("nyuv2/90" in query.exclude for query in queries)
    folds = {query.exclude for query in queries}
    assert sorted(len(fold) - 1 for fold in folds) == [3, 4, 4]
    for query in queries:
        assert query.id in query.exclude
    assert frozenset.intersection(*folds) == {"nyuv2/90"}


def test_folds_depend_on_the_seed_and_not_on_the_order():
    frames = images(30)
    assert kfold(frames, seed=1) == kfold(frames[::-1], seed=1)
    assert kfold(frames, seed=1) != kfold(frames, seed=2)


def test_blocks_are_consecutive_in_natural_order():
    result = excluded(blocks(images(12)[::-1], folds=3))
    assert result["nyuv2/2"] == {f"nyuv2/{n}" for n in (1, 2, 3, 4)}
    assert result["nyuv2/10"] == {f"nyuv2/{n}" for n in (9, 10, 11, 12)}


def test_blocks_with_a_margin():
    result = excluded(blocks(images(12), folds=3, margin=2))
    assert result["nyuv2/1"] == {f"nyuv2/{n}" for n in range(1, 7)}
    assert result["nyuv2/6"] == {f"nyuv2/{n}" for n in range(3, 11)}
    assert result["nyuv2/12"] == {f"nyuv2/{n}" for n in range(7, 13)}
    with pytest.raises(MethodError, match="margin of 4 around a block leaves nothing"):
        blocks(images(12), folds=3, margin=4)


@pytest.mark.parametrize("protocol", [kfold, blocks])
@pytest.mark.parametrize("folds", [0, 1, 5])
def test_number_of_folds(protocol, folds):
    with pytest.raises(MethodError, match=rf"from 2 to .*, 4, not {folds}"):
        protocol(images(4), folds=folds)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["s", "t", "u"])),
        min_size=6,
        max_size=25,
    ),
    st.sampled_from(sorted(PROTOCOLS)),
)
def test_nobody_is_estimated_twice_or_from_itself_or_from_nothing(kinds, name):
    frames = [
        Image(f"{source}/{number}", source, "train" if number % 3 else "test", scene)
        for number, (source, scene) in enumerate(kinds)
    ]
    if len({f.source for f in frames}) < 2 or len({f.scene for f in frames}) < 2:
        return
    if len([f for f in frames if f.split == "train"]) < 5:
        return
    queries = PROTOCOLS[name](frames)
    assert len({query.id for query in queries}) == len(queries) > 0
    for query in queries:
        assert query.id in query.exclude
        assert query.exclude < {frame.id for frame in frames}
