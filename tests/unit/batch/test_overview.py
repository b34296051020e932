from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from cd5flow.batch.failures import Failure, failures_csv
from cd5flow.batch.overview import write_overview
from cd5flow.batch.plan import make_plan
from cd5flow.config.shipped import batch_file
from cd5flow.errors import OutputError, StrategyError
from cd5flow.pipeline import analyse_tube
from support.analysed import CLEAR, tube
from support.overview_factory import measured_result, place, sample


def summary(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "summary.csv").read_text("utf-8"), newline="")))


def page(out: Path) -> str:
    return (out / "index.html").read_text("utf-8")


def test_the_overview_is_made_from_the_folders_alone(tmp_path: Path) -> None:
    place(tmp_path, sample("p10"), files=("report.html",))
    place(tmp_path, sample("p2", identifiers={"accession": "A-7"}))
    overview = write_overview(tmp_path)
    assert [path.name for path in overview.paths] == ["summary.csv", "summary.xlsx", "index.html"]
    first, second = summary(tmp_path)
    assert (first["sample"], first["accession"], first["report"]) == ("p2", "A-7", "")
    assert (second["sample"], second["report"]) == ("p10", "p10/report.html")
    book = load_workbook(tmp_path / "summary.xlsx")
    assert [cell.value for cell in book["samples"]["A"]] == ["sample", "p2", "p10"]
    assert page(tmp_path).index(">p2<") < page(tmp_path).index(">p10<")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "index.html",
        "p10",
        "p2",
        "summary.csv",
        "summary.xlsx",
    ]


def test_identifiers_of_a_sheet_reach_the_summary_through_the_result(tmp_path: Path) -> None:
    sheet = tmp_path / "samples.csv"
    shutil.copy(tube(CLEAR), tmp_path / "a.fcs")
    sheet.write_text("file,accession,tube,panel_lot\na.fcs,=A1,T1,\n", "utf-8")
    (job,) = make_plan(sheet, words={"timepoint": "relapse"}).jobs
    result = analyse_tube(job.file, job.settings).result
    assert result.sample.identifiers == {"accession": "=A1", "tube": "T1"}
    place(tmp_path / "out", result)
    write_overview(tmp_path / "out")
    (row,) = summary(tmp_path / "out")
    assert (row["accession"], row["tube"], row["panel_lot"]) == ("'=A1", "T1", "")


def test_it_may_be_written_again_and_again_with_equal_bytes(tmp_path: Path) -> None:
    place(tmp_path, sample("a"))
    (tmp_path / "run.json").write_text('{"created": "2026-01-31T09:30:00+00:00"}', "utf-8")
    first = [path.read_bytes() for path in write_overview(tmp_path).paths]
    assert [path.read_bytes() for path in write_overview(tmp_path).paths] == first


def test_all_three_name_what_failed(tmp_path: Path) -> None:
    place(tmp_path, sample("a"))
    broken = place(tmp_path, sample("b")) / "result.json"
    broken.write_text("{", "utf-8")
    (tmp_path / "failures.csv").write_text(
        failures_csv([Failure("=S9", "=S9.fcs", "FcsTruncatedError", "too short")]), "utf-8"
    )
    overview = write_overview(tmp_path)
    assert [failure.sample for failure in overview.unreadable] == ["b"]
    assert [row["sample"] for row in summary(tmp_path)] == ["a"]
    rows = load_workbook(tmp_path / "summary.xlsx")["failures"].iter_rows(min_row=2)
    assert [[row[0].value, row[2].value] for row in rows] == [
        ["=S9", "FcsTruncatedError"],
        ["b", "ResultError"],
    ]
    for words in ("=S9", "FcsTruncatedError", "too short", "ResultError", "2 that failed"):
        assert words in page(tmp_path)


def test_failures_that_are_given_go_before_those_on_the_disk(tmp_path: Path) -> None:
    place(tmp_path, sample("a"))
    (tmp_path / "failures.csv").write_text(
        failures_csv([Failure("old", "old.fcs", "E", "m")]), "utf-8"
    )
    write_overview(tmp_path, failures=[Failure("new", "new.fcs", "E", "m")])
    assert "new.fcs" in page(tmp_path)
    assert "old.fcs" not in page(tmp_path)


def test_an_earlier_result_of_a_sample_that_failed_is_marked_everywhere(tmp_path: Path) -> None:
    place(tmp_path, sample("a b"))
    write_overview(tmp_path, failures=[Failure("a b", "a b.fcs", "TimeoutError", "too long")])
    note = "the last run of this sample failed; this is an earlier result"
    assert summary(tmp_path)[0]["notes"] == note
    assert note in page(tmp_path)
    assert "Samples that carry a note below their name: 1." in page(tmp_path)


def test_tubes_apart_are_marked_in_table_and_page(tmp_path: Path) -> None:
    for i in range(12):
        place(tmp_path, measured_result(f"s{i}", peak=0.6 + 0.001 * (i % 3)))
    place(tmp_path, measured_result("moved", peak=0.75))
    write_overview(tmp_path)
    marked = {row["sample"]: row["apart"] for row in summary(tmp_path) if row["apart"]}
    assert list(marked) == ["moved"]
    assert marked["moved"].startswith(
        "gate t_landmark (density_cluster): CD3 peak 0.75, median 0.601 of 13 tubes ("
    )
    assert page(tmp_path).count("data-apart") == 1


def test_a_laboratory_may_bring_its_own_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    text = batch_file().read_text("utf-8").replace("max_spreads: 6", "max_spreads: 600")
    rules.write_text(text.replace("name: batch", "name: ours"), "utf-8")
    out = tmp_path / "out"
    for i in range(12):
        place(out, measured_result(f"s{i}", peak=0.75 if i == 3 else 0.6))
    write_overview(out, rules=rules)
    assert not any(row["apart"] for row in summary(out))
    assert "ours 1.2.0" in page(out)
    rules.write_text("format: cd5flow.batch/1\n", "utf-8")
    with pytest.raises(StrategyError, match=r"rules\.yaml"):
        write_overview(out, rules=rules)


def test_the_run_is_told_as_it_was_recorded(tmp_path: Path) -> None:
    place(tmp_path, sample("a"))
    run = {
        "cd5flow": "9.8.7",
        "created": "2026-01-31T09:30:00+00:00",
        "source": "night.csv",
        "settings": {"protocol": "cd5-cart-50", "timepoint": None, "report": True},
        "interrupted": True,
        "counts": {"not_finished": 17},
        "same_bytes": [["a", "b"]],
        "not_taken": [{"file": "x_ISO-CD5.fcs", "reason": "no sample beside it"}],
    }
    (tmp_path / "run.json").write_text(json.dumps(run), "utf-8")
    write_overview(tmp_path)
    for words in (
        "cd5flow batch: night.csv",
        "Last run 2026-01-31 09:30:00 UTC, cd5flow 9.8.7.",
        "2026-01-31T09:30:00+00:00",
        "<dt>Setting: protocol</dt><dd>cd5-cart-50</dd>",
        "<dt>Setting: timepoint</dt><dd>not stated</dd>",
        "<dt>Setting: report</dt><dd>yes</dd>",
        "samples not finished: 17",
        "hold the same bytes: a, b.",
        "x_ISO-CD5.fcs",
        "no sample beside it",
    ):
        assert words in page(tmp_path)


@pytest.mark.parametrize("run", ["", "[]", '{"settings": 3, "not_taken": 4, "same_bytes": [5]}'])
def test_a_record_that_cannot_be_read_is_said_to_be_none(tmp_path: Path, run: str) -> None:
    place(tmp_path, sample("a"))
    (tmp_path / "run.json").write_text(run, "utf-8")
    write_overview(tmp_path)
    assert "<dt>Last run</dt><dd>not recorded</dd>" in page(tmp_path)


def test_results_of_several_protocols_or_versions_are_warned_of(tmp_path: Path) -> None:
    one = sample("a")
    place(tmp_path, one)
    other = sample("b").model_copy(
        update={
            "protocol": one.protocol.model_copy(update={"name": "cd5-cart-90"}),
            "provenance": one.provenance.model_copy(update={"cd5flow": "0.0.9"}),
        }
    )
    place(tmp_path, other)
    write_overview(tmp_path)
    assert "judged by different protocols" in page(tmp_path)
    assert "made with different versions" in page(tmp_path)


def test_an_empty_folder_has_an_overview_too(tmp_path: Path) -> None:
    write_overview(tmp_path)
    assert summary(tmp_path) == []
    assert "No sample has a result." in page(tmp_path)


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="gone: cannot be read"):
        write_overview(tmp_path / "gone")


def test_values_over_the_months_stand_on_the_page_and_in_a_table(tmp_path: Path) -> None:
    for i in range(22):
        peak = 0.9 if i == 21 else 0.6 + 0.01 * (i % 3)
        result = measured_result(f"s{i:02d}", peak=peak)
        acquired = f"2026-01-{i + 1:02d}T09:00:00"
        of = result.sample.model_copy(update={"acquired": acquired})
        place(tmp_path, result.model_copy(update={"sample": of}))
    overview = write_overview(tmp_path)
    assert "levey_jennings.csv" in [path.name for path in overview.paths]
    assert "Over the months" in page(tmp_path)
    assert "1_3s 1 times" in page(tmp_path)
    text = (tmp_path / "levey_jennings.csv").read_text("utf-8")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if "CD3 peak" in row["what"]]
    assert len(rows) == 22
    assert [row["reference"] for row in rows] == ["yes"] * 20 + ["no"] * 2
    assert "1_3s" in rows[-1]["rules"].split()
