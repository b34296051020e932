"""The counts of a batch, its record and its log."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.batch.counts import BatchCounts
from cd5flow.batch.engine import Reply
from cd5flow.batch.eventlog import EventLog, open_log
from cd5flow.batch.plan import BatchPlan, Job
from cd5flow.batch.run import BatchOrders, Done, Failed, Finished
from cd5flow.batch.run_record import BatchRun, write_run_record
from cd5flow.batch.summary_row import summary_row
from cd5flow.batch.tube_folder import OTHER_KIND, NotTaken
from cd5flow.errors import OutputError
from cd5flow.model.result import CriterionState, QualityState
from cd5flow.report.folder import WantedOutputs
from support.analysed import CLEAR, SAMPLES, analysis, tube

START = datetime(2026, 1, 31, 22, 0, 0, tzinfo=UTC)
REPLY = Reply(seconds=2.0, memory_mb=210.4, worker="process 7")


def job(name: str) -> Job:
    return Job(SAMPLES / f"{name}.fcs", name, make_settings(sample_id=name), name)


def done(name: str, reply: Reply | None = REPLY) -> Done:
    made = analysis(CLEAR).result
    sample = made.sample.model_copy(update={"id": name})
    return Done(job(name), made.model_copy(update={"sample": sample}), Path(name), reply)


def failed(name: str, reply: Reply | None = REPLY) -> Failed:
    return Failed(job(name), "FcsCorruptError", f"{name}.fcs: $TOT says 3, DATA holds 2", reply)


def counted(samples: int, *finished: Finished) -> BatchCounts:
    tally = BatchCounts(samples)
    for one in finished:
        tally.add(one)
    return tally


def recorded(out: Path, tally: BatchCounts, plan: BatchPlan, **how: Any) -> dict[str, Any]:
    run = BatchRun(
        started=START, ended=START + timedelta(seconds=90.04), engine="2 processes", **how
    )
    orders = BatchOrders(out=out, outputs=WantedOutputs(report=False), timeout=60.0)
    words = {"strategy": Path("/home/me/mine.yaml"), "timepoint": None, "prior_therapy": ("x",)}
    write_run_record(tally, plan, orders, words=words, run=run)
    said = json.loads((out / "run.json").read_text("utf-8"))
    assert isinstance(said, dict)
    return said


def test_every_sample_is_counted_once() -> None:
    tally = counted(9, done("a"), done("b", None), failed("c"), failed("d", None))
    assert (tally.done, tally.failed, tally.finished) == (2, 2, 4)
    assert (tally.earlier, tally.failed_earlier, tally.here) == (2, 1, 2)
    assert tally.seconds == 4.0
    assert sum(tally.states["criterion_state"].values()) == 2


def test_review_is_what_the_criterion_says() -> None:
    result = analysis(CLEAR).result
    found = []
    for state in CriterionState:
        criterion = result.criterion.model_copy(update={"state": state})
        one = Done(job("a"), result.model_copy(update={"criterion": criterion}), Path("a"))
        found.append(counted(1, one).review)
    assert dict(zip(CriterionState, found, strict=True)) == {
        CriterionState.MET: 0,
        CriterionState.NOT_MET: 0,
        CriterionState.REVIEW: 1,
        CriterionState.NOT_EVALUABLE: 0,
    }


def test_whatever_is_not_decided_and_every_quality_fail_needs_a_person() -> None:
    result = analysis(CLEAR).result
    found = {}
    for criterion, quality in product(CriterionState, QualityState):
        one = result.model_copy(
            update={
                "criterion": result.criterion.model_copy(update={"state": criterion}),
                "quality": result.quality.model_copy(update={"state": quality}),
            }
        )
        found[criterion, quality] = counted(1, Done(job("a"), one, Path("a"))).needs_person
        row = summary_row(one, folder="a")
        assert row["needs_person"] == ("yes" if found[criterion, quality] else "no")
    decided = {CriterionState.MET, CriterionState.NOT_MET}
    assert {case for case, waits in found.items() if not waits} == {
        (criterion, quality)
        for criterion, quality in product(decided, set(QualityState) - {QualityState.FAIL})
    }


def test_files_of_the_same_bytes_are_named() -> None:
    assert counted(2, done("b"), done("a")).alike == [["a", "b"]]
    assert counted(2, done("a"), failed("b")).alike == []


def test_the_record_says_with_what_when_and_how_many(tmp_path: Path) -> None:
    plan = BatchPlan(
        Path("/home/me/samples.csv"),
        (job("=c"), job("a"), job("b")),
        (NotTaken("notes.txt", OTHER_KIND),),
    )
    said = recorded(tmp_path, counted(3, done("a"), failed("=c")), plan)
    assert said["counts"] == {
        "samples": 3,
        "done": 1,
        "failed": 1,
        "to_review": 0,
        "needs_person": 0,
        "finished_by_earlier_runs": 0,
        "not_finished": 1,
        "not_taken": 1,
    }
    assert (said["source"], said["settings"]["strategy"]) == ("samples.csv", "mine.yaml")
    assert said["settings"]["prior_therapy"] == ["x"]
    assert (said["settings"]["timeout"], said["settings"]["engine"]) == (60.0, "2 processes")
    assert (said["started"], said["seconds"]) == ("2026-01-31T22:00:00+00:00", 90.0)
    assert (said["interrupted"], said["fault"]) == (False, None)
    assert said["packages"]["numpy"]
    assert said["failed"] == ["=c"]
    assert said["not_taken"] == [{"file": "notes.txt", "reason": OTHER_KIND}]
    assert said["not_taken_reasons"] == {OTHER_KIND: 1}
    assert "/home" not in json.dumps(said)


def test_failures_stand_in_the_order_of_the_plan_and_are_inert(tmp_path: Path) -> None:
    plan = BatchPlan(SAMPLES, (job("=c"), job("a"), job("b")))
    recorded(tmp_path, counted(3, failed("b"), done("a"), failed("=c")), plan)
    text = (tmp_path / "failures.csv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == ["sample", "file", "error", "message"]
    assert [row["sample"] for row in rows] == ["'=c", "b"]
    assert rows[1]["message"] == "b.fcs: $TOT says 3, DATA holds 2"


def test_a_batch_without_a_failure_has_an_empty_table_of_them(tmp_path: Path) -> None:
    recorded(tmp_path, counted(1, done("a")), BatchPlan(SAMPLES, (job("a"),)))
    assert (tmp_path / "failures.csv").read_text("utf-8") == "sample,file,error,message\n"


def test_an_interrupted_batch_says_so(tmp_path: Path) -> None:
    said = recorded(
        tmp_path, counted(2), BatchPlan(SAMPLES, ()), interrupted=True, fault="interrupted"
    )
    assert (said["interrupted"], said["counts"]["not_finished"]) == (True, 2)


def test_a_long_list_of_files_is_cut_and_counted(tmp_path: Path) -> None:
    left = tuple(NotTaken(f"{n}.txt", OTHER_KIND) for n in range(1500))
    said = recorded(tmp_path, BatchCounts(0), BatchPlan(SAMPLES, (), left))
    assert (len(said["not_taken"]), said["counts"]["not_taken"]) == (1000, 1500)


def test_tables_that_cannot_be_written_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match=r"failures\.csv: cannot be written"):
        recorded(tmp_path / "out", BatchCounts(0), BatchPlan(SAMPLES, ()))


def logged(folder: Path, *finished: Finished) -> list[dict[str, Any]]:
    with open_log(folder / "logs" / "run.log") as log:
        for one in finished:
            log.sample(one)
    return [json.loads(line) for line in (folder / "logs/run.log").read_text("utf-8").splitlines()]


def test_each_sample_is_a_line_of_json_with_its_times(tmp_path: Path) -> None:
    first, second, third = logged(tmp_path, done("a"), failed("b"), done("c", None))
    assert (first["event"], first["sample"], first["state"]) == ("sample", "a", "done")
    assert (first["cd5"], first["seconds"], first["memory_mb"]) == ("MEETS", 2.0, 210)
    lasted = datetime.fromisoformat(first["time"]) - datetime.fromisoformat(first["started"])
    assert abs(lasted - timedelta(seconds=2)) < timedelta(milliseconds=100)
    assert first["worker"] == "process 7"
    assert (second["state"], second["error"], second["earlier"]) == (
        "failed",
        "FcsCorruptError",
        False,
    )
    assert (third["earlier"], "seconds" in third) == (True, False)


def test_the_log_knows_samples_by_their_id_alone(tmp_path: Path) -> None:
    one = Job(
        Path("/home/me/DOE JANE.fcs"),
        "S1",
        make_settings(sample_id="S1", patient_id="DOE JANE", controls={"fmo": "DOE_FMO.fcs"}),
        "S1",
    )
    message = "DOE JANE.fcs: ends before DOE_FMO.fcs does"
    (line,) = logged(tmp_path, Failed(one, "FcsTruncatedError", message, REPLY))
    assert line["message"] == "FILE: ends before FILE does"
    assert "DOE" not in json.dumps(line)


def test_a_log_is_added_to(tmp_path: Path) -> None:
    logged(tmp_path, done("a"))
    assert [line["sample"] for line in logged(tmp_path, done("b"))] == ["a", "b"]


def test_a_log_that_cannot_be_opened_is_one_clear_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="cannot be written"),
        open_log(tmp_path),
    ):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_log_on_a_full_disk_is_one_clear_error() -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it fails too
    with pytest.raises(OutputError, match=r"log: cannot be written \(No space left"):
        EventLog(Path("log"), full).write("batch", samples=1)
    with suppress(OSError):
        full.close()


def test_without_a_log_nothing_is_written() -> None:
    with open_log(None) as log:
        log.sample(done("a"))
    assert tube(CLEAR).is_file()
