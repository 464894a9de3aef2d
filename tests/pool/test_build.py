"""Building a pool, adding to it and removing from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock

from neardepth.datasets import PairRef, RgbdPair, Source, open_source, pair_of_files
from neardepth.encoders import Encoder, Preprocessing, load_encoder
from neardepth.errors import PoolError
from neardepth.pool import Pool, add_pairs, build_pool, encode_pool, remove_pairs
from neardepth.steps.description import describe
from neardepth.steps.tiling import cut_tiles

GRID = (1, 1)
MakePairs = Callable[..., Path]


def test_descriptors_are_steps_one_and_two(
    source: Source, tmp_path: Path, encoder: Encoder
) -> None:
    seen: list[tuple[int, int]] = []
    build_pool(
        source,
        tmp_path / "a.pool",
        encoder,
        (2, 3),
        progress=lambda done, total: seen.append((done, total)),
    )
    pool = Pool.open(tmp_path / "a.pool")
    (column,) = pool.descriptor_columns()
    assert (column.grid, column.dim, column.count) == ((2, 3), 6 * encoder.dim, 6)
    assert column.key.startswith("efficientnet-lite0-")
    assert column.key.endswith("-2x3")
    matrix = pool.descriptors(column.key)
    for row, pair_id in enumerate(pool.ids):
        tiles = cut_tiles(pool.photo(pair_id).image, (2, 3), encoder.preprocessing.size)
        expected = describe(encoder(tiles), 6)[0]
        np.testing.assert_allclose(matrix[row], expected, rtol=1e-4, atol=1e-5)
    assert seen[0] == (0, 6)
    assert seen[-1] == (6, 6)
    assert seen == sorted(seen)


def test_a_report_counts_and_building_again_adds_nothing(
    source: Source, tmp_path: Path, encoder: Encoder
) -> None:
    first = build_pool(source, tmp_path / "a.pool", encoder, GRID)
    assert (first.added, first.skipped, first.failed) == (6, 0, ())
    assert first.seconds_per_image == first.seconds / 6
    version = Pool.open(tmp_path / "a.pool").version
    again = build_pool(source, tmp_path / "a.pool", encoder, GRID)
    assert (again.added, again.skipped, again.failed) == (0, 6, ())
    assert again.seconds_per_image is None
    assert Pool.open(tmp_path / "a.pool").version == version


def test_bad_pairs_are_named_and_the_rest_goes_on(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(8)
    rgb, depth = folder / "rgb", folder / "depth"
    (rgb / "000.png").write_bytes((rgb / "000.png").read_bytes()[:200])
    (rgb / "001.png").write_bytes(b"")
    (depth / "002.png").write_bytes(b"no picture")
    cv2.imwrite(str(depth / "003.png"), np.zeros((48, 64), np.uint16))
    cv2.imwrite(str(depth / "004.png"), np.full((48, 48), 1000, np.uint16))
    cv2.imwrite(str(rgb / "005.png"), np.zeros((8, 8, 3), np.uint8))
    (depth / "006.png").unlink()
    report = build_pool(open_source(folder), tmp_path / "a.pool", encoder, GRID)
    assert report.added == 1
    assert Pool.open(tmp_path / "a.pool").ids == ["site/007"]
    reasons = {Path(name).stem: message for name, message in report.failed}
    assert sorted(reasons) == [f"{index:03d}" for index in range(7)]
    assert "000.png" in reasons["000"] or "site/000" in reasons["000"]
    assert "001.png is empty" in reasons["001"]
    assert "002.png" in reasons["002"]
    assert "no known depth" in reasons["003"]
    assert "photo is 64×48 and its depth map 48×48" in reasons["004"]
    assert "site/005" in reasons["005"]
    assert "006.png has no depth map" in reasons["006"]


def test_depth_of_another_size_but_the_same_aspect_is_welcome(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(3)
    cv2.imwrite(str(folder / "depth" / "000.png"), np.full((24, 32), 1000, np.uint16))
    cv2.imwrite(str(folder / "depth" / "001.png"), np.full((97, 128), 1000, np.uint16))
    cv2.imwrite(str(folder / "depth" / "002.png"), np.full((100, 128), 1000, np.uint16))
    report = build_pool(open_source(folder), tmp_path / "a.pool", encoder, GRID)
    assert [name for name, _ in report.failed] == ["site/002"]
    assert Pool.open(tmp_path / "a.pool").depth("site/000").shape == (24, 32)
    rays = open_source(folder, depth_kind="ray")
    assert build_pool(rays, tmp_path / "b.pool", encoder, GRID).added == 3


def test_a_build_goes_on_only_with_the_same(
    pool: Pool, source: Source, make_pairs: MakePairs, encoder: Encoder, tmp_path: Path
) -> None:
    other = open_source(make_pairs(2, "garage"))
    with pytest.raises(
        PoolError, match=r"built from site; to put garage into it .* `neardepth pool add"
    ):
        build_pool(other, pool.path, encoder, GRID)
    scaled = open_source(tmp_path / "site", depth_scale=256)
    with pytest.raises(PoolError, match=r"with \{'depth_scale': 1000.0.* not with .*256"):
        build_pool(scaled, pool.path, encoder, GRID)
    with pytest.raises(PoolError, match="was built with no encoder chosen"):
        build_pool(source, pool.path, encoder, GRID, encoder_setting=encoder.info())
    with pytest.raises(PoolError, match="is not a pool"):
        build_pool(source, tmp_path / "site", encoder, GRID)
    make_pairs(2, first=6)
    report = build_pool(open_source(tmp_path / "site"), pool.path, encoder, GRID)
    assert (report.added, report.skipped) == (2, 6)


def test_an_encoder_of_choice_is_remembered(
    source: Source, tmp_path: Path, encoder: Encoder
) -> None:
    for _ in range(2):
        build_pool(source, tmp_path / "p", encoder, GRID, encoder_setting=encoder.info())
    setting = Pool.open(tmp_path / "p").encoder_setting
    assert setting is not None
    assert setting["weights_hash"] == encoder.weights_hash
    assert Preprocessing.from_dict(setting["preprocessing"]) == encoder.preprocessing


def test_another_photo_under_a_known_id_is_named(
    pool: Pool, tmp_path: Path, make_pairs: MakePairs
) -> None:
    elsewhere = make_pairs(3, "elsewhere/site", first=2)
    report = add_pairs(pool.path, open_source(elsewhere))
    assert (report.added, report.skipped) == (0, 3)  # the very same files
    photo = elsewhere / "rgb" / "003.png"
    cv2.imwrite(str(photo), np.random.default_rng(9).integers(0, 256, (48, 64, 3), np.uint8))
    report = add_pairs(pool.path, open_source(elsewhere))
    assert [name for name, _ in report.failed] == ["site/003"]
    assert "has another photo as site/003" in report.failed[0][1]
    assert add_pairs(pool.path, open_source(elsewhere, name="annex")).added == 3


def test_an_id_that_is_twice_in_a_source_is_named(
    source: Source, tmp_path: Path, encoder: Encoder
) -> None:
    twice = replace(source, pairs=(*source.pairs, source.pairs[0]))
    report = build_pool(twice, tmp_path / "p", encoder, GRID)
    assert report.added == 6
    assert report.failed == (("site/000", "site/000 is twice in site; the first one is used"),)


def test_adding_computes_every_column_there_is(
    pool: Pool, encoder: Encoder, tmp_path: Path, make_pairs: MakePairs
) -> None:
    encode_pool(pool.path, encoder, (2, 2))
    folder = make_pairs(2, "more")
    pairs = [
        pair_of_files(folder / "rgb" / f"{stem}.png", folder / "depth" / f"{stem}.png", "added")
        for stem in ("000", "001")
    ]
    report = add_pairs(pool.path, Source("added", tuple(pairs)))
    assert (report.added, report.notes) == (2, ())
    newer = Pool.open(pool.path)
    assert newer.ids[:2] == ["added/000", "added/001"]
    columns = newer.descriptor_columns()
    assert [column.grid for column in columns] == [(1, 1), (2, 2)]
    for column in columns:
        matrix = newer.descriptors(column.key)
        # The photos are copies of the first two of "site".
        np.testing.assert_allclose(matrix[:2], matrix[2:4], rtol=1e-4, atol=1e-5)


def test_a_column_whose_encoder_is_gone_is_left_for_later(
    source: Source, tmp_path: Path, shared_dir: Path, make_pairs: MakePairs
) -> None:
    model = tmp_path / "own.onnx"
    shutil.copy(shared_dir / "weights" / "resnet50v2-conv4-gap.onnx", model)
    build_pool(source, tmp_path / "p", load_encoder(str(model)), GRID)
    model.unlink()
    report = add_pairs(tmp_path / "p", open_source(make_pairs(1, "more")))
    assert report.added == 1
    assert "left for later" in report.notes[0]
    pool = Pool.open(tmp_path / "p")
    with pytest.raises(PoolError, match="1 of 7 pairs lack own-"):
        pool.descriptors(pool.descriptor_columns()[0].key)


def test_removing_frees_the_space_and_names_the_unknown(pool: Pool) -> None:
    with pytest.raises(PoolError, match=r"has no pair site/9, site/8; nothing was removed"):
        remove_pairs(pool.path, ["site/9", "site/000", "site/8"])
    files = sum(path.stat().st_size for path in pool.path.rglob("*.lance") if path.is_file())
    remove_pairs(pool.path, pool.ids[:5])
    left = Pool.open(pool.path)
    assert left.ids == ["site/005"]
    assert left.descriptors(left.descriptor_columns()[0].key).shape == (1, 1280)
    after = sum(path.stat().st_size for path in pool.path.rglob("*.lance") if path.is_file())
    assert after < files / 2
    remove_pairs(pool.path, ["site/005"])
    assert Pool.open(pool.path).ids == []


def test_a_removed_pair_may_come_back_with_another_photo(
    pool: Pool, tmp_path: Path, encoder: Encoder, make_pairs: MakePairs
) -> None:
    key = pool.descriptor_columns()[0].key
    before = pool.descriptors(key)
    photo = tmp_path / "site" / "rgb" / "002.png"
    cv2.imwrite(str(photo), np.random.default_rng(9).integers(0, 256, (48, 64, 3), np.uint8))
    remove_pairs(pool.path, ["site/002"])
    assert build_pool(open_source(tmp_path / "site"), pool.path, encoder, GRID).added == 1
    after = Pool.open(pool.path).descriptors(key)
    assert np.array_equal(np.delete(after, 2, 0), np.delete(before, 2, 0))
    assert not np.allclose(after[2], before[2], atol=1e-2)


def test_a_second_writer_is_told_at_once(pool: Pool, source: Source, encoder: Encoder) -> None:
    with FileLock(pool.path / ".lock"):
        for write in (
            lambda: build_pool(source, pool.path, encoder, GRID),
            lambda: add_pairs(pool.path, source),
            lambda: remove_pairs(pool.path, ["site/000"]),
            lambda: encode_pool(pool.path, encoder, (2, 2)),
        ):
            with pytest.raises(PoolError, match="is being written by another process"):
                write()
        assert len(Pool.open(pool.path)) == 6  # reading needs no lock
    remove_pairs(pool.path, ["site/000"])


def test_many_commits_are_merged(
    source: Source, tmp_path: Path, encoder: Encoder, make_pairs: MakePairs, monkeypatch
) -> None:
    from neardepth.pool import pipeline

    monkeypatch.setattr(pipeline, "COMMIT_PAIRS", 1)
    monkeypatch.setattr(pipeline, "TILES_A_RUN", 1)
    many = open_source(make_pairs(75, "many", size=(32, 32)))
    build_pool(many, tmp_path / "p", encoder, GRID)
    pool = Pool.open(tmp_path / "p")
    assert len(list((tmp_path / "p" / "pairs.lance" / "data").iterdir())) < 60
    assert len(list((tmp_path / "p" / "pairs.lance" / "_versions").glob("*.manifest"))) == 1
    for ref in (many.pairs[0], many.pairs[40], many.pairs[74]):
        assert pool.pair(ref.id) == ref.load()


def test_memory_stays_bounded_while_the_network_is_busy(
    source: Source, tmp_path: Path, encoder: Encoder
) -> None:
    loaded: list[int] = []
    described = 0
    ahead: list[int] = []

    def counting(ref: PairRef) -> PairRef:
        def load() -> RgbdPair:
            loaded.append(1)
            ahead.append(len(loaded) - described)
            return replace(source.pairs[0].load(), id=ref.id)

        return PairRef(ref.id, load)

    def progress(done: int, total: int) -> None:
        nonlocal described
        described = done

    pairs = tuple(counting(PairRef(f"s/{index}", source.pairs[0].load)) for index in range(90))
    build_pool(Source("s", pairs), tmp_path / "p", encoder, GRID, progress=progress)
    assert max(ahead) <= 2 * 16 + 2 * 4


def test_real_pools(data_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    kitti = open_source(data_dir / "kitti-drive0005", depth_scale=256)
    few = replace(kitti, pairs=kitti.pairs[::60])
    assert build_pool(few, tmp_path / "k", encoder, GRID).failed == ()
    nyu = open_source(data_dir / "nyuv2-train")
    assert add_pairs(tmp_path / "k", replace(nyu, pairs=nyu.pairs[:2])).added == 2
    pool = Pool.open(tmp_path / "k")
    assert len(pool) == 5
    assert {depth.shape for depth in pool.depths(pool.ids)} == {(375, 1242), (480, 640)}
    drive = pool.records[few.pairs[0].id]
    assert 0.02 < drive.depth_known < 0.06
    assert drive.depth_max < 85


@pytest.mark.parametrize(("part", "what"), [("rgb", "photo"), ("depth", "depth map")])
def test_a_pair_that_changed_since_is_named(
    part: str, what: str, pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "site" / part / "002.png"
    data = bytearray(path.read_bytes())
    _, other = cv2.imencode(".png", cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[::-1])
    size = max(len(data), len(other))
    # What follows the end of a PNG is no part of the picture: the sizes can be made the same.
    path.write_bytes(bytes(data).ljust(size, b"\0"))
    remove_pairs(pool.path, ["site/002"])
    assert add_pairs(pool.path, open_source(tmp_path / "site")).added == 1
    path.write_bytes(other.tobytes().ljust(size, b"\0"))
    report = add_pairs(pool.path, open_source(tmp_path / "site"))
    assert (report.added, report.skipped) == (0, 5)
    assert [name for name, _ in report.failed] == ["site/002"]
    assert f"has another {what} as site/002" in report.failed[0][1]


def test_a_depth_map_of_another_size_is_named_without_reading_it(
    pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "site" / "depth" / "002.png"
    path.write_bytes(path.read_bytes() + b"\0")
    source = open_source(tmp_path / "site")
    report = add_pairs(pool.path, replace(source, pairs=(replace(source.pairs[2], changed=None),)))
    assert "has another depth map as site/002" in report.failed[0][1]


def test_building_again_describes_for_another_tiling(
    pool: Pool, source: Source, encoder: Encoder
) -> None:
    report = build_pool(source, pool.path, encoder, (2, 2))
    assert (report.added, report.skipped, report.failed) == (0, 6, ())
    assert "6 photos that were there were described" in report.notes[0]
    assert [column.count for column in pool.descriptor_columns()] == [6, 6]
    assert build_pool(source, pool.path, encoder, (2, 2)).notes == ()


def test_a_pool_that_is_empty_still_goes_on_with_other_options(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(2)
    good = open_source(folder)
    for path in (folder / "depth").iterdir():
        cv2.imwrite(str(path), np.zeros((48, 64), np.uint16))
    failing = open_source(folder, depth_scale=256)
    assert build_pool(failing, tmp_path / "p", encoder, GRID).added == 0
    make_pairs(2)
    assert build_pool(good, tmp_path / "p", encoder, GRID).added == 2
    assert Pool.open(tmp_path / "p").settings["built_from"]["options"]["depth_scale"] == 1000


def test_an_id_given_twice_is_removed_once(pool: Pool) -> None:
    assert remove_pairs(pool.path, ["site/001", "site/001", "site/002"]) == 2
    assert len(Pool.open(pool.path)) == 4


def test_what_stopped_a_build_is_told_although_its_time_cannot_be_kept(
    source: Source, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neardepth.pool import pipeline
    from neardepth.pool.writer import PoolWriter

    monkeypatch.setattr(pipeline, "COMMIT_PAIRS", 1)
    monkeypatch.setattr(pipeline, "TILES_A_RUN", 1)
    intact = PoolWriter.update_settings

    def update(writer: PoolWriter, **settings: object) -> None:
        if "last_build" in settings:
            raise PoolError("no space left on device")
        intact(writer, **settings)

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(PoolWriter, "update_settings", update)
    with pytest.raises(KeyboardInterrupt):
        build_pool(source, tmp_path / "p", encoder, GRID, progress=stop)
    assert len(Pool.open(tmp_path / "p")) >= 3
