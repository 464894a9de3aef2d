"""Reports as files: their layout, that they repeat a run, and the tables beside published ones."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neardepth.evaluation import picture
from neardepth.evaluation.experiment import EvaluationError, Experiment, read_results
from neardepth.evaluation.metrics import MEASURES
from neardepth.evaluation.report import Report, same_figures
from neardepth.evaluation.runner import run_experiment
from neardepth.evaluation.tables import tables
from neardepth.evaluation.writing import write_csv, write_json, write_markdown
from scenes import write_scenes


@pytest.fixture(scope="module")
def report(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = write_scenes(tmp_path_factory.mktemp("sources") / "nyuv2", 6)
    for name in ("000", "001"):  # one depth map twice: the nearest neighbour may be perfect
        (folder / "depth" / f"{name}.png").write_bytes((folder / "depth" / "002.png").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEARDEPTH_CACHE", str(session_cache))
        return run_experiment(
            Experiment(
                (str(folder),),
                methods=("knn", "paper"),
                encoder="efficientnet-lite0",
                overrides={"tiles": (2, 2), "threshold": -1.0},
                seed=3,
            ),
            cases=True,
        )


def test_json_holds_everything_and_only_finite_numbers(report: Report, tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", report)
    text = (tmp_path / "run.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    data = json.loads(text)
    assert [result["method"] for result in data["results"]] == [
        "knn",
        "paper",
        "mean-depth",
        "random-neighbour",
        "nearest-neighbour",
    ]
    for result, row in zip(data["results"], report.rows, strict=True):
        assert (result["protocol"], result["profile"], result["count"]) == ("loo", "paper", 6)
        assert tuple(result["measures"]) == MEASURES
        for interval in result["measures"].values():
            assert set(interval) == {"mean", "low", "high"}
        assert result["seed"] == 3
        assert result["pool_version"] == report.pool["version"]
        assert {"neardepth", "numpy", "onnxruntime"} <= result["versions"].keys()
        assert result["wall_time_s"] > 0
        assert [image["id"] for image in result["images"]] == [i.id for i in row.images]
        assert {*MEASURES, "missing"} <= result["images"][0].keys()
    first = data["results"][0]
    assert len(first["encoder_hash"]) == 64
    assert first["settings"]["tiles"] == [2, 2]
    assert {"best_correlation", "best_neighbour", "kept"} <= first["images"][0].keys()
    means = [image["rmse"] for image in first["images"]]
    assert first["measures"]["rmse"]["mean"] == pytest.approx(np.mean(means))
    assert None in [image["psnr"] for image in data["results"][4]["images"]], "perfect: no number"


def test_a_file_is_enough_to_repeat_the_run(report: Report, tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", report)
    experiment, earlier = read_results(tmp_path / "run.json")
    assert experiment == report.experiment
    again = run_experiment(experiment).as_dict()
    assert same_figures(again, earlier)
    changed = json.loads(json.dumps(again))
    changed["results"][0]["images"][0]["rmse"] += 1e-12
    assert not same_figures(changed, earlier)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no result file"),
        ("[]", "lacks the experiment or the results"),
        ('{"experiment": {}, "results": []}', "describes no experiment"),
        ('{"experiment": {"sources": []}, "results": []}', "at least one source"),
        ('{"experiment": {"sources": ["a"], "foo": 1}, "results": []}', "has no 'foo'"),
        ('{"experiment": {"sources": 3}, "results": []}', "describes no experiment"),
        ('{"experiment": 3, "results": []}', "describes no experiment"),
        (None, "does not exist"),
    ],
)
def test_what_is_no_result_file_is_named(content: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(EvaluationError, match=rf"run\.json.*{says}"):
        read_results(path)


def test_paths_are_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    anchored = Experiment(("a", "b.mat"), pool="p", encoder="net.onnx").anchored()
    assert anchored.sources == (str(tmp_path / "a"), str(tmp_path / "b.mat"))
    assert (anchored.pool, anchored.encoder) == (str(tmp_path / "p"), str(tmp_path / "net.onnx"))
    assert Experiment(("a",), encoder="resnet50").anchored().encoder == "resnet50"


def test_csv_has_a_line_a_row(report: Report, tmp_path: Path) -> None:
    write_csv(tmp_path / "run.csv", report)
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows] == [row.label for row in report.rows]
    interval = report.rows[0].measures["rel"]
    assert [float(rows[0][name]) for name in ("rel", "rel_low", "rel_high")] == [
        interval.mean,
        interval.low,
        interval.high,
    ]


def test_our_rows_stand_under_the_published_ones(report: Report) -> None:
    made = tables(report)
    assert [table.title for table in made][:2] == [
        "nyuv2: 6 images, protocol loo, profile paper",
        "Further measures",
    ]
    published = made[-1]
    assert published.title.startswith("Table III")
    names = [row[0] for row in published.rows]
    assert names.index("The paper") < names.index(f"here: {report.rows[0].label}")
    assert names[-1] == "here: nearest neighbour"
    assert "Our rows are over 6 images, the table's over 1449." in published.notes
    assert any("shares scenes" in note for note in published.notes)
    psnr = published.headings.index("PSNR (dB)")
    assert published.rows[names.index("The paper")][psnr] == "15.10"
    other = replace(report, experiment=replace(report.experiment, profile="pooled"))
    assert tables(other)[-1].notes[0] == "Our rows are of profile pooled."
    for change in ({"dataset": "site"}, {"protocol": "kfold"}):
        assert not any(
            table.title.startswith("Table ") for table in tables(replace(report, **change))
        )


def test_markdown_has_whole_tables(report: Report, tmp_path: Path) -> None:
    write_markdown(tmp_path / "run.md", report)
    lines = (tmp_path / "run.md").read_text().splitlines()
    assert lines[0] == "**nyuv2: 6 images, protocol loo, profile paper**"
    assert lines[3].startswith("| --- | ---: |")
    assert len({line.count("|") for line in lines[2:9]}) == 1
    assert lines[4].startswith("| knn (tiles=2x2, threshold=-1.0) | ")
    mean = report.rows[0].measures["rmse"]
    assert f"{mean.mean:.3f} ({mean.low:.3f}–{mean.high:.3f})" in lines[4]


def test_the_picture_page_shows_three_images(report: Report, tmp_path: Path) -> None:
    assert [case.title for case in report.cases] == ["best", "median", "worst"]
    assert report.cases[0].rmse <= report.cases[1].rmse <= report.cases[2].rmse
    picture.write_picture(tmp_path / "page.png", report)
    page = np.asarray(Image.open(tmp_path / "page.png").convert("RGB"))
    assert page.shape[1] == 1650
    assert page.shape[0] > 1300
    assert len(np.unique(page[700:].reshape(-1, 3), axis=0)) > 500
    picture.write_picture(tmp_path / "charts.png", replace(report, cases=()))


def test_without_matplotlib_the_extra_is_named(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(EvaluationError, match=r"pip install 'neardepth\[report\]'"):
        picture.write_picture(tmp_path / "page.png", report)


def test_a_file_that_cannot_be_written_is_named(report: Report, tmp_path: Path) -> None:
    for write in (write_json, write_csv, write_markdown, picture.write_picture):
        with pytest.raises(EvaluationError, match=r"nowhere.run cannot be written"):
            write(tmp_path / "nowhere" / "run", report)
