from __future__ import annotations

import math

import pytest

from neardepth.evaluation.metrics import MEASURES
from neardepth.evaluation.published import PAPER, RMSE_LOG, TABLES, find_table


def paper_row(table):
    (row,) = [row for row in table.rows if row.citation == PAPER]
    return row


def test_the_paper_stands_last_in_each_of_its_four_tables():
    assert list(TABLES) == ["nyu-split", "make3d-split", "nyu-loo", "combined-loo"]
    for table in TABLES.values():
        assert table.rows[-1] is paper_row(table)
        assert table.notes


def test_rows_use_the_names_of_the_measures():
    for table in TABLES.values():
        for row in table.rows:
            assert set(row.measures) <= {*MEASURES, RMSE_LOG}, row.method
            assert row.citation


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("nyu-split", {"rmse": 0.956, "rmse_log10": 0.152, "rel": 0.325, "log10": 0.124}),
        ("make3d-split", {"c": 0.623, "psnr": 14.27, "rmse": 15.92, "rel": 0.49, "log10": 0.16}),
        ("nyu-loo", {"c": 0.62, "psnr": 15.1, "rel": 0.31, "log10": 0.11}),
        ("combined-loo", {"c": 0.60, "psnr": 15.31, "rel": 0.388, "log10": 0.134}),
    ],
)
def test_figures_of_the_paper(table, expected):
    assert paper_row(TABLES[table]).measures == expected


def test_logarithms_of_different_base_are_never_one_column():
    rows = {row.method: row.measures for row in TABLES["nyu-split"].rows}
    assert "rmse_ln" in rows["Eigen et al."]
    assert RMSE_LOG in rows["TRNN"]
    in_natural = rows["The paper"]["rmse_log10"] * math.log(10)
    assert in_natural == pytest.approx(0.350, abs=5e-4)
    assert in_natural > rows["Eigen et al."]["rmse_ln"]
    assert any(".350" in note for note in TABLES["nyu-split"].notes)


def test_what_the_notes_claim():
    make3d = {row.method: row.measures for row in TABLES["make3d-split"].rows}
    paper, transfer = make3d["The paper"], make3d["Depth Transfer"]
    assert all(paper[name] < transfer[name] for name in ("c", "psnr"))
    assert all(paper[name] > transfer[name] for name in ("rmse", "rel", "log10"))
    assert paper["rel"] == max(row["rel"] for row in make3d.values())
    for name in ("nyu-loo", "combined-loo"):
        *others, paper = (row.measures for row in TABLES[name].rows)
        assert all(paper["psnr"] > row["psnr"] for row in others)
        assert all(paper[m] < row[m] for row in others for m in ("rel", "log10"))
        behind = {r.method for r in TABLES[name].rows if r.measures["c"] > paper["c"]}
        assert behind == {"LBP", "Multiple features"}
    *others, paper = (row.measures for row in TABLES["nyu-split"].rows)
    ahead = [row for row in others if row["rmse"] < paper["rmse"] or row["rel"] < paper["rel"]]
    assert len(ahead) == 1


def test_tables_say_how_many_images():
    assert [table.count for table in TABLES.values()] == [654, 134, 1449, 1983]
    for table in TABLES.values():
        assert str(table.count) in table.title


def test_lookup():
    assert find_table("nyuv2-train", "loo") is TABLES["nyu-loo"]
    assert find_table("make3d+nyuv2", "combined-loo") is TABLES["combined-loo"]
    assert find_table("nyuv2+site", "combined-loo") is None
    assert find_table("nyuv2", "loo") is TABLES["nyu-loo"]
    assert find_table("nyuv2+make3d", "combined-loo") is TABLES["combined-loo"]
    assert find_table("nyuv2", "scene-loo") is None
