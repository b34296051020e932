"""Which samples are done, and what is remembered of them; carried out in this process."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import cd5flow.batch.run as module
from cd5flow.analysis.fingerprint import file_sha256, inputs_sha256
from cd5flow.analysis.settings import make_settings
from cd5flow.batch.child import answer
from cd5flow.batch.engine import Outcome, Outcomes, Reply, Task
from cd5flow.batch.plan import BatchPlan, Job
from cd5flow.batch.run import BatchOrders, Done, Failed, Finished, absolute, run_batch, tidy
from cd5flow.errors import EngineError, FileAccessError, OutputError
from cd5flow.model.result import ReviewSection
from cd5flow.pipeline import Analysis, Settings, load_rule_files
from cd5flow.report.folder import WantedOutputs, write_sample
from support.analysed import CLEAR, FOUR_COLOUR, SAMPLES, analysis, fmo_of, tube

QUICK = WantedOutputs(report=False)


@dataclass
class Here:
    """An engine in this process; it notes what it was given."""

    task: Task
    given: list[Any] = field(default_factory=list)
    closed: bool = False
    words: str = "this process"

    def run(self, jobs: Sequence[Any], timeout: float | None) -> Outcomes:  # noqa: ARG002
        try:
            for number, job in enumerate(jobs):
                self.given.append(job)
                yield Outcome(number, answer(self.task.work, job))
        finally:
            self.closed = True


def job(name: str, *, file: Path | None = None, **words: Any) -> Job:
    return Job(file or SAMPLES / f"{name}.fcs", name, make_settings(sample_id=name, **words), name)


def carried_out(orders: BatchOrders, *jobs: Job) -> tuple[list[Finished], list[str]]:
    """Return what became of jobs, and which of them were done now."""
    engine = Here(orders.task)
    finished = list(run_batch(BatchPlan(SAMPLES, jobs), orders, engine))
    return finished, [one.sample_id for one in engine.given]


@pytest.fixture
def analysed_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Analyse without computing; a file that is there gives the clear tube's analysis."""
    seen: list[Path] = []

    def analyse(path: Path, chosen: Settings) -> Analysis:
        seen.append(path)
        if path.name == "bug.fcs":
            raise ZeroDivisionError("division\nby zero")
        if not path.is_file():
            raise FileAccessError(f"{path}: no such file")
        made = analysis(CLEAR)
        inputs = inputs_sha256(path, chosen, load_rule_files(chosen), sha256=file_sha256)
        provenance = made.result.provenance.model_copy(update={"inputs_sha256": inputs})
        sample = made.result.sample.model_copy(update={"id": chosen.sample_id})
        result = made.result.model_copy(update={"sample": sample, "provenance": provenance})
        return replace(made, result=result)

    monkeypatch.setattr(module, "analyse_tube", analyse)
    return seen


pytestmark = pytest.mark.usefixtures("analysed_files")


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    (gone, bug, done), _ = carried_out(orders, job("gone"), job("bug"), job(CLEAR))
    assert isinstance(gone, Failed)
    assert (gone.error, gone.message) == ("FileAccessError", "gone.fcs: no such file")
    assert isinstance(bug, Failed)
    assert bug.error == "ZeroDivisionError"
    assert bug.message.startswith("a bug in cd5flow at test_run.py:")
    assert bug.message.endswith(": division by zero")
    assert isinstance(done, Done)
    assert done.folder == tmp_path / CLEAR
    assert done.result.sample.id == CLEAR


def test_what_is_finished_is_not_done_again(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job("a", file=tube(CLEAR)))
    before = (tmp_path / "a" / "result.json").read_bytes()
    (a, b), given = carried_out(orders, job("a", file=tube(CLEAR)), job("b", file=tube(CLEAR)))
    assert given == ["b"]
    assert isinstance(a, Done)
    assert a.reply is None
    assert isinstance(b, Done)
    assert b.reply is not None
    assert (tmp_path / "a" / "result.json").read_bytes() == before


def test_a_review_changes_no_result_and_is_not_believed_unproven(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job(CLEAR))
    path = tmp_path / CLEAR / "result.json"
    said = json.loads(path.read_bytes())
    said["review"] |= {"state": "confirmed", "by": "reviewer 1"}
    path.write_text(json.dumps(said), "utf-8")
    (one,), given = carried_out(orders, job(CLEAR))
    assert given == []
    assert isinstance(one, Done)
    assert one.result.review == ReviewSection()
    assert json.loads(path.read_bytes()) == said


def test_an_edited_result_is_computed_anew(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job(CLEAR))
    path = tmp_path / CLEAR / "result.json"
    said = json.loads(path.read_bytes())
    said["sample"]["patient_id"] = "someone else"
    path.write_text(json.dumps(said), "utf-8")
    (one,), given = carried_out(orders, job(CLEAR))
    assert len(given) == 1
    assert isinstance(one, Done)
    assert one.result.sample.patient_id is None
    assert json.loads((tmp_path / CLEAR / "previous/1/result.json").read_bytes()) == said


@pytest.mark.parametrize(
    "changed",
    [
        job(CLEAR, timepoint="mrd"),
        job(CLEAR, seed=1),
        job(CLEAR, controls={"fmo": fmo_of(CLEAR)}),
        job(CLEAR, identifiers={"accession": "A2"}),
        job(CLEAR, file=tube(FOUR_COLOUR)),
    ],
)
def test_what_would_come_out_otherwise_is_done_again(tmp_path: Path, changed: Job) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job(CLEAR))
    assert carried_out(orders, changed)[1] == [CLEAR]


def test_another_version_does_all_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job(CLEAR))
    monkeypatch.setattr("cd5flow.analysis.fingerprint.__version__", "99.0")
    assert carried_out(orders, job(CLEAR))[1] == [CLEAR]


@pytest.mark.parametrize("left", ["result.json", "gates.xml", "populations.csv"])
def test_a_folder_that_lacks_a_file_is_not_finished(tmp_path: Path, left: str) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job(CLEAR))
    (tmp_path / CLEAR / left).unlink()
    assert carried_out(orders, job(CLEAR))[1] == [CLEAR]


def test_a_file_that_was_not_wished_for_before_is(tmp_path: Path) -> None:
    carried_out(BatchOrders(out=tmp_path, outputs=QUICK), job(CLEAR))
    more = BatchOrders(out=tmp_path, outputs=WantedOutputs(report=False, membership=True))
    assert carried_out(more, job(CLEAR))[1] == [CLEAR]
    assert carried_out(more, job(CLEAR))[1] == []
    assert (tmp_path / CLEAR / "membership.npz").is_file()


def test_a_failure_is_remembered_until_it_is_asked_for_again(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    first, _ = carried_out(orders, job("bug"), job(CLEAR))
    (again, _), given = carried_out(orders, job("bug"), job(CLEAR))
    assert given == []
    assert isinstance(again, Failed)
    assert isinstance(first[0], Failed)
    assert (again.error, again.message) == (first[0].error, first[0].message)
    assert again.reply is None
    assert carried_out(replace(orders, retry_failed=True), job("bug"), job(CLEAR))[1] == ["bug"]


def test_a_failure_is_tried_again_when_its_file_changed(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path / "out", outputs=QUICK)
    file = tmp_path / "x.fcs"
    assert carried_out(orders, job("x", file=file))[1] == ["x"]
    assert carried_out(orders, job("x", file=file))[1] == []
    shutil.copy(tube(CLEAR), file)
    (one,), given = carried_out(orders, job("x", file=file))
    assert given == ["x"]
    assert isinstance(one, Done)
    assert not (tmp_path / "out" / ".cd5flow" / "failed").exists()


def test_a_failure_is_tried_again_when_something_else_is_wished_for(tmp_path: Path) -> None:
    carried_out(BatchOrders(out=tmp_path, outputs=QUICK), job("bug"))
    more = BatchOrders(out=tmp_path, outputs=WantedOutputs(report=False, membership=True))
    assert carried_out(more, job("bug"))[1] == ["bug"]


@pytest.mark.parametrize(("more", "given"), [(3.0, []), (5.0, []), (6.0, ["x"]), (None, ["x"])])
def test_what_took_too_long_is_tried_again_with_more_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: float | None, given: list[str]
) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK, timeout=5.0)
    with monkeypatch.context() as slow:
        slow.setattr(
            module,
            "analyse_and_write",
            lambda *_, **__: Reply("SampleTimeout", "not done after 5 s"),
        )
        carried_out(orders, job("x", file=tube(CLEAR)))
    assert carried_out(replace(orders, timeout=more), job("x", file=tube(CLEAR)))[1] == given


def test_a_journal_that_was_damaged_is_no_failure(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job("bug"))
    (path,) = orders.journal.folder.iterdir()
    path.write_text('{"key": 1}', "utf-8")
    assert carried_out(orders, job("bug"))[1] == ["bug"]


def test_a_folder_of_something_else_costs_its_sample_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "letter.txt").write_text("dear lab", "utf-8")
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    (a, b), _ = carried_out(orders, job("a", file=tube(CLEAR)), job("b", file=tube(CLEAR)))
    assert isinstance(a, Failed)
    assert a.error == "OutputError"
    assert a.message.startswith("a: is there already")
    assert isinstance(b, Done)
    assert (tmp_path / "a" / "letter.txt").read_text("utf-8") == "dear lab"
    (tmp_path / "a").rename(tmp_path / "letters")
    assert carried_out(orders, job("a", file=tube(CLEAR)))[1] == ["a"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_stops_the_batch_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def write(*_: Any, **__: Any) -> None:
        refusal = OSError(number, os.strerror(number), "out/report.pdf")
        raise OutputError("out/report.pdf: cannot be written") from refusal

    monkeypatch.setattr(module, "write_sample", write)
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    engine = Here(orders.task)
    jobs = (job("a", file=tube(CLEAR)), job("b", file=tube(CLEAR)))
    with pytest.raises(OutputError, match=r"report\.pdf: cannot be written"):
        list(run_batch(BatchPlan(SAMPLES, jobs), orders, engine))
    assert engine.closed
    assert [one.sample_id for one in engine.given] == ["a"]
    # Nothing was wrong with the sample: the next run does it.
    assert orders.journal.read("a") is None


def test_a_sample_that_another_worker_put_there_meanwhile_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, moments = write_sample, iter([errno.ENOTEMPTY, None])

    def write(*arguments: Any, **words: Any) -> Any:
        number = next(moments)
        if number is None:
            return right(*arguments, **words)
        raise OutputError("a: cannot be written") from OSError(number, os.strerror(number))

    monkeypatch.setattr(module, "write_sample", write)
    (one,), _ = carried_out(BatchOrders(out=tmp_path, outputs=QUICK), job("a", file=tube(CLEAR)))
    assert isinstance(one, Done)


def test_an_engine_that_cannot_go_on_stops_the_batch(tmp_path: Path) -> None:
    def work(_: Job) -> Reply:
        return Reply("EngineError", "no process can be started", stop=True)

    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    with pytest.raises(EngineError, match="no process can be started"):
        list(run_batch(BatchPlan(SAMPLES, (job(CLEAR),)), orders, Here(Task(work, list))))


def test_closing_a_batch_closes_its_engine(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    engine = Here(orders.task)
    jobs = (job("a", file=tube(CLEAR)), job("b", file=tube(CLEAR)))
    batch = run_batch(BatchPlan(SAMPLES, jobs), orders, engine)
    next(batch)
    batch.close()
    assert engine.closed
    assert len(engine.given) == 1


def test_files_are_found_from_any_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)
    one = Job(
        Path("a.fcs"),
        "a",
        make_settings(
            controls={"fmo": Path("f.fcs")},
            spillover="m.csv",
            strategy="mine.yaml",
            protocol="cd5-cart-50",
        ),
        "a",
    )
    found = absolute(one)
    assert found.file == SAMPLES / "a.fcs"
    assert found.settings.controls == {"fmo": SAMPLES / "f.fcs"}
    assert found.settings.spillover == SAMPLES / "m.csv"
    assert found.settings.strategy == str(SAMPLES / "mine.yaml")
    assert found.settings.protocol == "cd5-cart-50"


def test_what_a_killed_batch_left_is_cleared_and_put_back(tmp_path: Path) -> None:
    orders = BatchOrders(out=tmp_path, outputs=QUICK)
    carried_out(orders, job(CLEAR))
    (tmp_path / CLEAR).rename(tmp_path / f".old-0123abcd-{CLEAR}")
    half = orders.aside / ".tmp-0123abcd-b"
    half.mkdir(parents=True)
    (half / "result.json").write_text("{", "utf-8")
    (tmp_path / ".tmp-0123abcd-summary.csv").write_text("sam", "utf-8")
    (tmp_path / ".tmp-mine").touch()
    (tmp_path / ".tmp-0123abcd-notes.txt").touch()
    tidy(orders)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".cd5flow",
        ".tmp-0123abcd-notes.txt",
        ".tmp-mine",
        CLEAR,
    ]
    assert list((tmp_path / ".cd5flow").iterdir()) == []
    assert carried_out(orders, job(CLEAR))[1] == []
