"""Descriptors that are missing, stale or cannot be kept."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from neardepth.datasets import Source, open_source
from neardepth.encoders import Encoder, Preprocessing, load_encoder
from neardepth.errors import PhotoError, PoolError
from neardepth.imaging.photos import Photo
from neardepth.pool import (
    Pool,
    add_pairs,
    build_pool,
    descriptors,
    encode,
    encode_pool,
    ensure_descriptors,
    pool_info,
    remove_pairs,
    storage,
)
from neardepth.pool.descriptors import Describer

GRID = (1, 1)
MakePairs = Callable[..., Path]


@pytest.fixture(autouse=True)
def _warnings_are_errors() -> None:
    warnings.simplefilter("error")


def test_what_is_there_is_loaded_and_what_is_missing_computed_once(
    pool: Pool, encoder: Encoder
) -> None:
    seen: list[tuple[int, int]] = []
    report = lambda done, total: seen.append((done, total))  # noqa: E731
    first = ensure_descriptors(pool, encoder, GRID, report)
    assert seen == []
    assert first.dtype == np.float32
    assert first.shape == (6, encoder.dim)
    other = ensure_descriptors(pool, encoder, (2, 2), report)
    assert seen[0] == (0, 6)
    assert seen[-1] == (6, 6)
    seen.clear()
    again = ensure_descriptors(Pool.open(pool.path), encoder, (2, 2), report)
    assert seen == []
    assert np.array_equal(again, other)
    key = pool.descriptor_columns()[1].key
    assert np.array_equal(pool.descriptors(key), other)


def test_a_deleted_cache_is_rebuilt_to_the_same(pool: Pool, encoder: Encoder) -> None:
    before = ensure_descriptors(pool, encoder, GRID)
    shutil.rmtree(pool.path / "descriptors")
    assert np.array_equal(ensure_descriptors(pool, encoder, GRID), before)
    assert len(pool.descriptor_columns()) == 1


def test_only_rows_that_lack_it_are_computed(
    pool: Pool, encoder: Encoder, make_pairs: MakePairs
) -> None:
    before = ensure_descriptors(pool, encoder, GRID)
    kept = pool.path / "kept"
    (pool.path / "descriptors").rename(kept)
    add_pairs(pool.path, open_source(make_pairs(2, "more")))
    kept.rename(pool.path / "descriptors")
    seen: list[tuple[int, int]] = []
    newer = Pool.open(pool.path)
    after = ensure_descriptors(newer, encoder, GRID, lambda *counts: seen.append(counts))
    assert seen[0] == (6, 8)
    rows = [newer.ids.index(pair_id) for pair_id in pool.ids]
    assert np.array_equal(after[rows], before)


@pytest.mark.parametrize("what", ["weights", "preprocessing"])
def test_another_network_of_the_same_name_is_refused_until_encoded_anew(
    what: str, source: Source, tmp_path: Path, shared_dir: Path
) -> None:
    model = tmp_path / "own.onnx"
    original = shared_dir / "weights" / "resnet50v2-conv4-gap.onnx"
    shutil.copy(original, model)
    first = load_encoder(str(model))
    build_pool(source, tmp_path / "p", first, GRID, encoder_setting=first.info())
    changed = None
    if what == "weights":
        # A note in the file: the same features, but who could know?
        import onnx

        network = onnx.load(model)
        network.doc_string = "retrained"
        onnx.save(network, model)
    else:
        changed = Preprocessing((224, 224), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    second = load_encoder(str(model), preprocessing=changed)
    pool = Pool.open(tmp_path / "p")
    advice = (
        rf"other {what}; describe it anew with `neardepth pool encode .*p --encoder .*own\.onnx`"
    )
    with pytest.raises(PoolError, match=advice):
        ensure_descriptors(pool, second, GRID)
    assert encode_pool(pool.path, second, GRID).added == 6
    newer = Pool.open(pool.path)
    assert len(newer.descriptor_columns()) == 1
    assert ensure_descriptors(newer, second, GRID).shape == (6, 1024)
    assert newer.encoder_setting == json.loads(json.dumps(second.info()))


def test_encoding_resumes(pool: Pool, encoder: Encoder) -> None:
    first = encode_pool(pool.path, encoder, (2, 2))
    assert (first.added, first.skipped) == (6, 0)
    again = encode_pool(pool.path, encoder, (2, 2))
    assert (again.added, again.skipped) == (0, 6)


def test_where_it_cannot_be_kept_it_is_computed_with_one_warning(
    pool: Pool, encoder: Encoder
) -> None:
    with (
        FileLock(pool.path / ".lock"),
        pytest.warns(UserWarning, match="computed but not kept: .* another process") as caught,
    ):
        matrix = ensure_descriptors(pool, encoder, (2, 2))
    assert len(caught) == 1
    assert len(pool.descriptor_columns()) == 1
    assert np.array_equal(matrix, ensure_descriptors(pool, encoder, (2, 2)))


def test_pairs_removed_meanwhile_do_not_come_back(pool: Pool, encoder: Encoder) -> None:
    before = ensure_descriptors(pool, encoder, GRID)
    remove_pairs(pool.path, ["site/002"])
    newer = Pool.open(pool.path)
    assert np.array_equal(ensure_descriptors(newer, encoder, GRID), np.delete(before, 2, 0))
    with pytest.raises(PoolError, match="pairs were removed since it was opened"):
        ensure_descriptors(pool, encoder, GRID)


def test_a_damaged_table_says_that_it_may_be_deleted(pool: Pool, encoder: Encoder) -> None:
    table = next((pool.path / "descriptors").iterdir())
    for file in (table / "data").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(PoolError, match=r"; delete .*1x1\.lance, it is computed anew when needed"):
        ensure_descriptors(pool, encoder, GRID)
    shutil.rmtree(table)
    assert ensure_descriptors(pool, encoder, GRID).shape == (6, 1280)


def test_info(pool: Pool, encoder: Encoder, make_pairs: MakePairs) -> None:
    add_pairs(pool.path, open_source(make_pairs(2, "more", size=(60, 80))))
    pool = Pool.open(pool.path)
    info = pool_info(pool)
    assert info.pairs == 8
    assert info.sources == {"more": 2, "site": 6}
    assert info.sizes == {"64×48": 6, "80×60": 2}
    assert info.bytes_photos == sum(len(pool.pair(pair_id).image) for pair_id in pool.ids)
    assert info.bytes_depth == sum(len(pool.pair(pair_id).depth.data) for pair_id in pool.ids)
    assert info.bytes_total > info.bytes_photos + info.bytes_depth + info.bytes_descriptors
    assert info.bytes_descriptors > 8 * 1280 * 4
    assert [(column.grid, covered) for column, covered in info.columns] == [((1, 1), 8)]
    assert info.encoder is None
    assert info.depth is not None
    depths = pool.depths(pool.ids)
    assert info.depth.min == min(float(depth.min()) for depth in depths)
    assert info.depth.max == max(float(depth.max()) for depth in depths)
    assert info.depth.known == 1
    assert info.depth.units == (0.001,)
    assert info.seconds_per_image is not None
    assert info.seconds_per_image > 0


def test_info_of_an_empty_pool(tmp_path: Path) -> None:
    info = pool_info(Pool.create(tmp_path / "p"))
    assert (info.pairs, info.depth, info.seconds_per_image, info.columns) == (0, None, None, ())


@pytest.mark.parametrize("read", ["load_descriptors", "load_described"])
def test_a_table_whose_files_are_merged_while_it_is_read_is_opened_again(
    read: str, pool: Pool, make_pairs: MakePairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pairs(pool.path, open_source(make_pairs(2, "more")))
    pool = Pool.open(pool.path)
    (column,) = pool.descriptor_columns()
    before = pool.descriptors(column.key)
    merged: list[Path] = []

    def late(table: Any, rows: Sequence[int], columns: Sequence[str]) -> Any:
        if not merged:
            merged.append(column.path)
            storage.tidy(column.path, reclaim=True)
        return storage.read_rows(table, rows, columns)

    monkeypatch.setattr(descriptors, "read_rows", late)
    if read == "load_descriptors":
        assert np.array_equal(pool.descriptors(column.key), before)
    else:
        assert descriptors.load_described(column.path) == pool.image_hashes
    assert merged


def another(model: Path, original: Path) -> None:
    """Write a network of the same features that is another file."""
    import onnx

    network = onnx.load(original)
    network.doc_string = "retrained"
    model.parent.mkdir(exist_ok=True)
    onnx.save(network, model)


def test_networks_of_one_name_from_two_places_stand_side_by_side(
    source: Source, tmp_path: Path, shared_dir: Path
) -> None:
    original = shared_dir / "weights" / "resnet50v2-conv4-gap.onnx"
    (tmp_path / "ea").mkdir()
    shutil.copy(original, tmp_path / "ea" / "model.onnx")
    another(tmp_path / "eb" / "model.onnx", original)
    first = load_encoder(str(tmp_path / "ea" / "model.onnx"))
    second = load_encoder(str(tmp_path / "eb" / "model.onnx"))
    build_pool(source, tmp_path / "p", first, GRID, encoder_setting=first.info())
    assert encode_pool(tmp_path / "p", second, GRID).added == 6
    pool = Pool.open(tmp_path / "p")
    assert len(pool.descriptor_columns()) == 2
    assert pool.encoder_setting == json.loads(json.dumps(first.info()))
    shutil.rmtree(pool.column_path(Describer(second, GRID).key))
    assert ensure_descriptors(pool, second, GRID).shape == (6, 1024)


def test_where_a_photo_fails_the_older_column_stays(
    source: Source, tmp_path: Path, shared_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "own" / "own.onnx"
    model.parent.mkdir()
    original = shared_dir / "weights" / "resnet50v2-conv4-gap.onnx"
    shutil.copy(original, model)
    first = load_encoder(str(model))
    build_pool(source, tmp_path / "p", first, GRID, encoder_setting=first.info())
    another(model, original)
    second = load_encoder(str(model))
    intact = Pool.photo

    def photo(pool: Pool, pair_id: str) -> Photo:
        if pair_id == "site/003":
            raise PhotoError("site/003 is damaged")
        return intact(pool, pair_id)

    monkeypatch.setattr(Pool, "photo", photo)
    report = encode_pool(tmp_path / "p", second, GRID)
    assert (report.added, report.skipped, len(report.failed)) == (5, 0, 1)
    pool = Pool.open(tmp_path / "p")
    assert Describer(first, GRID).key in [column.key for column in pool.descriptor_columns()]
    monkeypatch.undo()
    assert encode_pool(tmp_path / "p", second, GRID).added == 1
    (column,) = pool.descriptor_columns()
    assert column.key == Describer(second, GRID).key


def test_a_network_that_was_moved_is_found_again(
    source: Source, tmp_path: Path, shared_dir: Path, make_pairs: MakePairs
) -> None:
    old, new = tmp_path / "old" / "own.onnx", tmp_path / "new" / "own.onnx"
    old.parent.mkdir()
    new.parent.mkdir()
    shutil.copy(shared_dir / "weights" / "resnet50v2-conv4-gap.onnx", old)
    encoder = load_encoder(str(old))
    build_pool(source, tmp_path / "p", encoder, GRID, encoder_setting=encoder.info())
    old.rename(new)
    assert encode_pool(tmp_path / "p", load_encoder(str(new)), GRID).added == 0
    assert Pool.open(tmp_path / "p").encoder_setting["source"] == str(new.resolve())
    report = add_pairs(tmp_path / "p", open_source(make_pairs(1, "more")))
    assert (report.added, report.notes) == (1, ())
    pool = Pool.open(tmp_path / "p")
    (column,) = pool.descriptor_columns()
    assert len(pool.descriptors(column.key)) == 7


def test_what_another_process_described_meanwhile_is_not_described_again(
    pool: Pool, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    intact = encode.PoolWriter

    def late(path: Path) -> Any:
        monkeypatch.setattr(encode, "PoolWriter", intact)
        encode_pool(path, encoder, (2, 2))
        return intact(path)

    monkeypatch.setattr(encode, "PoolWriter", late)
    seen: list[tuple[int, int]] = []
    matrix = ensure_descriptors(pool, encoder, (2, 2), lambda *counts: seen.append(counts))
    assert seen == []
    assert np.array_equal(matrix, pool.descriptors(Describer(encoder, (2, 2)).key))
