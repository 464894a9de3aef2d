"""Opening pools and reading from them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from neardepth.datasets import PairRef, RgbdPair, Source, open_source
from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.imaging.depthmaps import encode_depth
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.pool import Pool, add_pairs, build_pool, remove_pairs

GRID = (1, 1)
MakePairs = Callable[..., Path]


def test_what_goes_in_comes_out(pool: Pool, source: Source) -> None:
    assert pool.ids == [ref.id for ref in source.pairs]
    assert len(pool) == 6
    for ref in source.pairs:
        assert pool.pair(ref.id) == ref.load()


def test_photos_and_depth_maps_are_decoded(pool: Pool, tmp_path: Path) -> None:
    photo = pool.photo("site/003")
    expected = cv2.imread(str(tmp_path / "site" / "rgb" / "003.png"))[..., ::-1]
    assert np.array_equal(photo.image, expected)
    assert photo.name == "site/003"
    counts = cv2.imread(str(tmp_path / "site" / "depth" / "003.png"), cv2.IMREAD_UNCHANGED)
    depth = pool.depth("site/003")
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, counts / 1000, rtol=1e-6)


def test_depths_keep_the_order_asked_for_and_may_repeat(pool: Pool) -> None:
    ids = ["site/004", "site/000", "site/004", "site/002"]
    for depth, pair_id in zip(pool.depths(ids), ids, strict=True):
        assert np.array_equal(depth, pool.depth(pair_id))
    assert pool.depths([]) == []


def test_records_and_tables_follow_the_ids(pool: Pool) -> None:
    assert list(pool.records) == pool.ids
    record = pool.records["site/001"]
    depth = pool.depth("site/001")
    assert (record.width, record.height, record.depth_width, record.depth_height) == (64, 48) * 2
    assert record.depth_min == depth.min()
    assert record.depth_max == depth.max()
    assert record.depth_median == np.median(depth)
    assert record.depth_known == 1.0
    assert record.depth_unit == 0.001
    assert record.source == "site"
    assert pool.table(["id"])["id"].to_pylist() == pool.ids


def test_unknown_ids_are_named(pool: Pool) -> None:
    for read in (pool.photo, pool.depth, pool.pair):
        with pytest.raises(PoolError, match="has no pair site/999"):
            read("site/999")


def test_every_detail_of_a_pair_is_kept(tmp_path: Path, source: Source, encoder: Encoder) -> None:
    metres = np.linspace(0.001, 650, 48 * 64, dtype=np.float32).reshape(48, 64)
    metres[:10] = np.nan
    given = RgbdPair(
        id='it\'s/a "name" – ü',
        source="it's",
        image=source.pairs[0].load().image,
        depth=encode_depth(metres),
        depth_kind="ray",
        split="train",
        scene="kitchen_0001",
        intrinsics=Intrinsics(50.0, 51.0, 31.5, 23.5),
    )
    refs = Source("it's", (PairRef(given.id, lambda: given),))
    build_pool(refs, tmp_path / "b.pool", encoder, GRID)
    pool = Pool.open(tmp_path / "b.pool")
    assert pool.pair(given.id) == given
    assert np.array_equal(pool.depth(given.id), metres, equal_nan=True)
    assert pool.photo(given.id).intrinsics == given.intrinsics
    assert pool.records[given.id].scene == "kitchen_0001"
    remove_pairs(pool.path, [given.id])
    assert len(Pool.open(pool.path)) == 0


def test_order_of_adding_never_matters(
    pool: Pool, source: Source, tmp_path: Path, encoder: Encoder
) -> None:
    shuffled = replace(source, pairs=source.pairs[::-1])
    build_pool(replace(shuffled, pairs=shuffled.pairs[:2]), tmp_path / "b.pool", encoder, GRID)
    build_pool(shuffled, tmp_path / "b.pool", encoder, GRID)
    other = Pool.open(tmp_path / "b.pool")
    assert other.ids == pool.ids
    key = pool.descriptor_columns()[0].key
    assert np.array_equal(other.descriptors(key), pool.descriptors(key))
    assert other.table(["image", "depth"]) == pool.table(["image", "depth"])


def test_what_is_no_pool_says_so(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"gone does not exist; build a pool with `neardepth pool"):
        Pool.open(tmp_path / "gone")
    with pytest.raises(PoolError, match=r"is not a pool: it has no pool\.json"):
        Pool.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"pool\.json cannot be read"),
        ("{", r"pool\.json cannot be read"),
        ("[]", r"pool\.json is damaged"),
        ("{}", "does not state the pool's format"),
        ('{"format": 99}', "made by a newer NearDepth: upgrade"),
    ],
)
def test_damaged_settings_are_named(pool: Pool, content: str, message: str) -> None:
    (pool.path / "pool.json").write_text(content)
    with pytest.raises(PoolError, match=message):
        Pool.open(pool.path)


def test_a_missing_table_is_named(pool: Pool) -> None:
    shutil.rmtree(pool.path / "pairs.lance")
    with pytest.raises(PoolError, match=r"pairs\.lance cannot be read: a part of it is missing"):
        Pool.open(pool.path)


def test_create_leaves_nothing_behind_and_takes_only_free_places(tmp_path: Path) -> None:
    Pool.create(tmp_path / "deep" / "new.pool")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["new.pool"]
    (tmp_path / "empty").mkdir()
    assert len(Pool.create(tmp_path / "empty")) == 0
    for taken in ("deep", "empty"):
        with pytest.raises(PoolError, match="is there already and is no empty folder"):
            Pool.create(tmp_path / taken)
    (tmp_path / "file").write_text("x")
    with pytest.raises(PoolError, match="is there already"):
        Pool.create(tmp_path / "file")
    with pytest.raises(PoolError, match="cannot be created"):
        Pool.create(tmp_path / "file" / "below")


def test_descriptors_that_are_missing_say_what_to_run(pool: Pool, make_pairs: MakePairs) -> None:
    with pytest.raises(PoolError, match=r"no descriptors nothing; .* `neardepth pool encode"):
        pool.descriptors("nothing")
    key = pool.descriptor_columns()[0].key
    shutil.rmtree(pool.path / "descriptors")
    add_pairs(pool.path, open_source(make_pairs(1, first=50)))
    assert Pool.open(pool.path).descriptor_columns() == []
    with pytest.raises(PoolError, match="has no descriptors"):
        Pool.open(pool.path).descriptors(key)


def test_a_reader_survives_that_files_are_merged_and_pairs_removed(
    pool: Pool,
    make_pairs: MakePairs,
) -> None:
    before = {pair_id: pool.depth(pair_id) for pair_id in pool.ids}
    version = pool.version
    add_pairs(pool.path, open_source(make_pairs(3, first=60)))
    remove_pairs(pool.path, ["site/000", "site/061"])  # merges, and drops the old files
    assert pool.ids == sorted(before)
    for pair_id in pool.ids[1:]:
        assert np.array_equal(pool.depth(pair_id), before[pair_id])
    with pytest.raises(PoolError, match="pairs were removed since it was opened; open it again"):
        pool.depth("site/000")
    newer = Pool.open(pool.path)
    assert newer.version > version
    assert newer.ids == [*pool.ids[1:], "site/060", "site/062"]


def test_the_encoder_setting_is_kept(tmp_path: Path, encoder: Encoder) -> None:
    pool = Pool.create(tmp_path / "p", encoder.info())
    assert pool.encoder_setting == json.loads(json.dumps(encoder.info()))
