"""What `check` finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from neardepth.datasets import open_source
from neardepth.encoders import Encoder
from neardepth.pool import Finding, Pool, add_pairs, build_pool, check_pool
from neardepth.pool.schema import inspect_pair
from neardepth.pool.writer import PoolWriter

GRID = (1, 1)
MakePairs = Callable[..., Path]


def found(findings: list[Finding]) -> set[tuple[str | None, str]]:
    return {(finding.id, finding.kind) for finding in findings}


def test_a_sound_pool_has_no_findings(pool: Pool) -> None:
    seen: list[tuple[int, int]] = []
    assert check_pool(pool, lambda *counts: seen.append(counts)) == []
    assert seen == [(done, 6) for done in range(1, 7)]


def test_duplicates_and_near_duplicates(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(4, size=(96, 128))
    rgb = folder / "rgb"
    shutil.copy(rgb / "000.png", rgb / "002.png")
    nearly = cv2.imread(str(rgb / "001.png"))
    nearly[0, 0] ^= 1
    cv2.imwrite(str(rgb / "003.png"), nearly)
    build_pool(open_source(folder), tmp_path / "p", encoder, GRID)
    findings = check_pool(Pool.open(tmp_path / "p"))
    assert found(findings) == {("site/002", "duplicate"), ("site/003", "near-duplicate")}
    assert "same file as site/000" in findings[0].message
    assert "nearly that of site/001 (correlation 1.0000)" in findings[1].message


def test_depth_that_cannot_be_right(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(4)
    depth = folder / "depth"
    rows = np.mgrid[:48, :64][0]
    cv2.imwrite(str(depth / "000.png"), np.full((48, 64), 1500, np.uint16))
    sparse = np.zeros((48, 64), np.uint16)
    sparse[3:5, 3:9] = 1200 + 100 * np.arange(6)
    cv2.imwrite(str(depth / "001.png"), sparse)
    cv2.imwrite(str(depth / "002.png"), (20 + rows).astype(np.uint16))
    np.save(depth / "003.npy", (300 + 10.0 * rows).astype(np.float32))
    (depth / "003.png").unlink()
    build_pool(open_source(folder), tmp_path / "p", encoder, GRID)
    findings = check_pool(Pool.open(tmp_path / "p"))
    assert found(findings) == {
        ("site/000", "flat"),
        ("site/001", "few-known"),
        ("site/002", "implausible"),
        ("site/003", "implausible"),
    }
    messages = {finding.id: finding.message for finding in findings}
    assert "1.500–1.500 m" in messages["site/000"]
    assert "only 0.39%" in messages["site/001"]
    assert "0.0435 m; with a depth scale of 100" in messages["site/002"]
    assert "535 m; with a depth scale of 1000 counts per metre" in messages["site/003"]
    assert "0.54 m" in messages["site/003"]


def test_missing_descriptors_are_counted(pool: Pool, make_pairs: MakePairs) -> None:
    kept = pool.path / "kept"
    (pool.path / "descriptors").rename(kept)
    add_pairs(pool.path, open_source(make_pairs(2, "more")))
    kept.rename(pool.path / "descriptors")
    findings = check_pool(Pool.open(pool.path))
    lacking = [finding for finding in findings if finding.kind == "no-descriptor"]
    assert len(lacking) == 1
    assert "2 pairs have no sound descriptor" in lacking[0].message
    assert "more/000, more/001" in lacking[0].message


def flip(table: Path, part: bytes) -> None:
    """Change a byte in the middle of where a table's data files hold ``part``."""
    for file in (table / "data").iterdir():
        data = bytearray(file.read_bytes())
        at = data.find(part)
        if at >= 0:
            data[at + len(part) // 2] ^= 0xFF
            file.write_bytes(data)
            return
    raise AssertionError("the part was not found")


@pytest.mark.parametrize("what", ["photo", "depth map"])
def test_a_flipped_byte_is_found(pool: Pool, what: str) -> None:
    pair = pool.pair("site/003")
    flip(pool.path / "pairs.lance", pair.image if what == "photo" else pair.depth.data)
    (finding,) = check_pool(Pool.open(pool.path))
    assert (finding.id, finding.kind) == ("site/003", "damaged")
    assert f"the {what} of site/003 has changed on disk" in finding.message


def test_a_flipped_byte_of_a_descriptor_is_found(pool: Pool) -> None:
    (column,) = pool.descriptor_columns()
    descriptor = pool.descriptors(column.key)[4]
    flip(column.path, descriptor.tobytes())
    (finding,) = check_pool(Pool.open(pool.path))
    assert finding.kind == "no-descriptor"
    assert "site/004" in finding.message
    assert f"delete {column.path}" in finding.message


@pytest.mark.parametrize("table", ["pairs.lance", "descriptors/*.lance"])
def test_a_table_cut_short_is_found(pool: Pool, table: str) -> None:
    for file in pool.path.glob(f"{table}/data/*"):
        file.write_bytes(file.read_bytes()[:-100])
    findings = check_pool(pool)
    assert {finding.kind for finding in findings} == {"damaged"}
    assert len(findings) == (6 if table == "pairs.lance" else 1)


def test_damage_anywhere_in_photos_and_depth_maps_is_found(pool: Pool) -> None:
    # Nearly all of a real pool; in the rest of its files Lance itself may fall over.
    rng = np.random.default_rng(0)
    (file,) = (pool.path / "pairs.lance" / "data").iterdir()
    whole = file.read_bytes()
    for pair_id in pool.ids * 3:
        pair = pool.pair(pair_id)
        for part in (pair.image, pair.depth.data):
            data = np.frombuffer(whole, np.uint8).copy()
            data[whole.find(part) + rng.integers(0, len(part), 20)] ^= 0xFF
            file.write_bytes(data.tobytes())
            (finding,) = check_pool(Pool.open(pool.path))
            assert (finding.id, finding.kind) == (pair_id, "damaged")
        file.write_bytes(whole)


def test_an_aspect_mismatch_is_found(pool: Pool, make_pairs: MakePairs) -> None:
    folder = make_pairs(1, "odd", first=90)
    cv2.imwrite(
        str(folder / "depth" / "090.png"), np.arange(1000, 3304, 1, np.uint16).reshape(48, 48)
    )
    pair = open_source(folder, depth_kind="ray").pairs[0].load()
    _, record = inspect_pair(pair)
    with PoolWriter(pool.path) as writer:
        writer.append([(pair, replace(record, depth_kind="z"))])
    findings = check_pool(Pool.open(pool.path))
    assert found(findings) == {("odd/090", "mismatch"), (None, "no-descriptor")}
    assert "is 64×48, its depth map 48×48" in findings[0].message


def test_depth_beyond_a_kilometre_is_found(pool: Pool, make_pairs: MakePairs) -> None:
    pair = open_source(make_pairs(1, "far", first=90)).pairs[0].load()
    _, record = inspect_pair(pair)
    with PoolWriter(pool.path) as writer:
        writer.append([(pair, replace(record, depth_max=65_535.0))])
    findings = check_pool(Pool.open(pool.path))
    assert ("far/090", "implausible") in found(findings)
    assert "the largest depth of far/090 is 6.554e+04 m" in findings[0].message
