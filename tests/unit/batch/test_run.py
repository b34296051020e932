from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import cd5flow.batch.run as module
from analysed import CLEAR, SAMPLES, analysis, fmo_of, tube
from cd5flow.batch import Done, Failed, Job, Plan, run_jobs, write_tables
from cd5flow.batch.summary import SUMMARY_COLUMNS, summary_row
from cd5flow.errors import FileAccessError, OutputError
from cd5flow.options import settings
from cd5flow.pipeline import Analysis, Settings
from cd5flow.report import Wishes


def job(name: str, **words: Any) -> Job:
    return Job(SAMPLES / f"{name}.fcs", name, settings(sample_id=name, **words))


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Analyse without computing: a file that is there gives the clear tube's analysis."""

    def analyse(path: Path, _: Settings) -> Analysis:
        if path.name == "bug.fcs":
            raise ZeroDivisionError("division\nby zero")
        if not path.is_file():
            raise FileAccessError(f"{path.name}: no such file")
        return analysis(CLEAR)

    monkeypatch.setattr(module, "analyse_tube", analyse)


@pytest.mark.usefixtures("stubbed")
def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    plan = Plan(SAMPLES, (job("gone"), job("bug"), job(CLEAR)), (Path("x_FMO-CD5.fcs"),))
    outcomes = list(run_jobs(plan, tmp_path, wishes=Wishes(report=False)))
    orphan, gone, bug, done = outcomes
    assert isinstance(orphan, Failed)
    assert (orphan.sample, orphan.error) == ("x_FMO-CD5", "SheetError")
    assert gone == Failed("gone", "gone.fcs", "FileAccessError", "gone.fcs: no such file")
    assert isinstance(bug, Failed)
    assert bug.error == "ZeroDivisionError"
    assert bug.message.startswith("a bug in cd5flow at test_run.py:")
    assert bug.message.endswith(": division by zero")
    assert isinstance(done, Done)
    assert (tmp_path / CLEAR / "result.json").is_file()


@pytest.mark.usefixtures("stubbed")
def test_an_interrupt_is_not_a_failure_of_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Analysis:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "analyse_tube", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(run_jobs(Plan(SAMPLES, (job(CLEAR),)), tmp_path, wishes=Wishes()))


@pytest.mark.usefixtures("stubbed")
def test_the_tables_hold_a_row_for_each(tmp_path: Path) -> None:
    plan = Plan(SAMPLES / "samples.csv", (job("=gone"), job(CLEAR)))
    outcomes = list(run_jobs(plan, tmp_path, wishes=Wishes(report=False)))
    words = {"strategy": "auto", "timepoint": None, "prior_therapy": ("cd7_car",)}
    written = write_tables(outcomes, plan, tmp_path, words=words)
    assert [path.name for path in written] == ["summary.csv", "failures.csv", "run.json"]
    (row,) = table(tmp_path / "summary.csv")
    assert (row["sample"], row["folder"]) == (CLEAR, CLEAR)
    assert table(tmp_path / "failures.csv") == [
        {
            "sample": "'=gone",
            "file": "'=gone.fcs",
            "error": "FileAccessError",
            "message": "'=gone.fcs: no such file",
        }
    ]
    record = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert record["counts"] == {"samples": 2, "done": 1, "failed": 1}
    assert record["failed"] == ["=gone"]
    assert record["source"] == "samples.csv"
    assert record["settings"]["prior_therapy"] == ["cd7_car"]
    assert sum(record["states"]["cd5_state"].values()) == 1


def test_the_summary_says_what_the_result_says() -> None:
    result = analysis(CLEAR).result
    one = Done(
        Job(tube(CLEAR), CLEAR, settings(), {"tube": "T1", "accession": "AC1"}),
        result,
        Path("out") / CLEAR,
    )
    row = summary_row(one)
    assert set(row) == set(SUMMARY_COLUMNS)
    assert (row["tube"], row["accession"], row["panel_lot"]) == ("T1", "AC1", None)
    assert row["cd5_percent"] == result.cd5.percent
    assert result.cd5.ci95_percent is not None
    assert row["cd5_ci95_low_percent"] == result.cd5.ci95_percent[0]
    assert row["burden_state"] == result.burden.state
    assert row["controls"] == "fmo accepted"
    assert row["review_state"] == "unreviewed"


def test_unknown_is_an_empty_cell() -> None:
    cd5 = analysis(CLEAR).result.cd5.model_copy(
        update={"percent": None, "ci95_percent": None, "cut": None, "pattern": None, "reasons": ()}
    )
    result = analysis(CLEAR).result.model_copy(update={"cd5": cd5})
    row = summary_row(Done(job(CLEAR), result, Path(CLEAR)))
    assert [row[name] for name in ("cd5_percent", "cd5_ci95_low_percent", "cd5_cut_method")] == [
        None
    ] * 3
    assert row["cd5_reason"] == ""


def test_tables_that_cannot_be_written_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match=r"summary\.csv: cannot be written"):
        write_tables([], Plan(SAMPLES, ()), tmp_path / "out", words={})


def test_a_batch_without_a_failure_has_an_empty_table_of_them(tmp_path: Path) -> None:
    write_tables([], Plan(SAMPLES, ()), tmp_path, words={})
    assert (tmp_path / "failures.csv").read_text("utf-8") == "sample,file,error,message\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["failures.csv", "run.json", "summary.csv"]


def test_a_real_sample_goes_through_whole(tmp_path: Path) -> None:
    one = job(CLEAR, timepoint="relapse", controls={"fmo": fmo_of(CLEAR)})
    (outcome,) = run_jobs(
        Plan(SAMPLES, (one,)), tmp_path, wishes=Wishes(report=False, membership=True)
    )
    assert isinstance(outcome, Done)
    assert outcome.result.sample.id == CLEAR
    assert outcome.result.cd5.percent == analysis(CLEAR).result.cd5.percent
    assert (outcome.folder / "membership.npz").is_file()
