"""What every engine keeps to, whatever its jobs do; the faults are real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cd5flow.batch import children
from cd5flow.batch.child import import_all, memory_mb
from cd5flow.batch.engine import Engine, Outcome, Reply, Task, how_ended
from cd5flow.batch.local import LocalEngine
from cd5flow.errors import EngineError
from support import batch_faults
from support.batch_faults import (
    clear_groups,
    memory_group,
    note,
    prepare,
    prepare_at_second_try,
    prepare_in_vain,
    work,
)
from support.paths import ROOT
from support.processes import lives, noted, until, with_tests

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")

Make = Callable[[Task], Engine]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two worker processes on this machine alone."""
    distributed = pytest.importorskip("distributed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", with_tests())
        environment.setenv("OMP_NUM_THREADS", "3")
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            scheduler_port=0,
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address=None,
            silence_logs=50,
        ) as cluster:
            yield cluster


@pytest.fixture(params=["local", "cluster"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return how an engine of two workers is made."""
    if request.param == "local":
        return lambda task: LocalEngine(task, processes=2)
    address = request.getfixturevalue("cluster").scheduler_address
    from cd5flow.batch.cluster import ClusterEngine  # noqa: PLC0415 - without Dask there is none

    return lambda task: ClusterEngine(task, address=address, seen=tmp_path)


def replies(engine: Engine, jobs: Sequence[str], timeout: float | None = None) -> dict[str, Reply]:
    """Return what became of each job; each ends once."""
    ended = list(engine.run(jobs, timeout))
    assert sorted(outcome.number for outcome in ended) == list(range(len(jobs)))
    return {jobs[outcome.number]: outcome.reply for outcome in ended}


def test_whatever_a_job_does_costs_that_job_alone(make: Make) -> None:
    faults = {
        "raise": "ValueError",
        "stay": "UnsendableError",
        "kill": "WorkerDied",
        "crash": "WorkerDied",
        "quit": "WorkerDied",
        "leave": "WorkerDied",
        "exit": "SystemExit",
        "grow": "MemoryError",
        "hang": "SampleTimeout",
    }
    jobs = [word for fault in faults for word in (fault, f"after {fault}")]
    jobs = [job.partition(" ")[0] if job in faults else job.replace(" ", "-") for job in jobs]
    said = replies(make(Task(work, prepare)), jobs, timeout=3.0)
    assert {job: said[job].error for job in faults} == faults
    assert all(said[job].error == "" for job in jobs if job not in faults)
    assert "SIGKILL" in said["kill"].message
    assert "SIGSEGV" in said["crash"].message
    assert said["quit"].message.endswith("exit code 0")
    assert said["leave"].message.endswith("exit code 3")
    assert said["raise"].message.endswith(": two lines")
    assert "batch_faults.py" in said["raise"].message
    assert not any(reply.stop for reply in said.values())


def test_a_job_that_eats_memory_is_ended_by_the_kernel_alone(make: Make) -> None:
    if memory_group() is None:
        pytest.skip("no group with limited memory can be made here")
    try:
        said = replies(make(Task(work, prepare)), ["a", "eat", "b", "c"])
    finally:
        clear_groups()
    assert said["eat"].error == "WorkerDied"
    assert "as happens when memory runs out" in said["eat"].message
    assert [said[job].error for job in "abc"] == ["", "", ""]


def test_a_job_has_one_thread_for_its_arithmetic(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert replies(make(Task(work, prepare)), ["a"])["a"].message == "a: 1 thread"
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_what_is_imported_is_imported_once_a_worker(make: Make, tmp_path: Path) -> None:
    task = Task(work, partial(note, tmp_path / "prepared"))
    assert len(replies(make(task), [f"job-{n}" for n in range(8)])) == 8
    assert len(noted(tmp_path / "prepared")) <= 2


def test_a_process_that_holds_much_memory_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_MEMORY_MB", 1.0)
    task = Task(work, partial(note, tmp_path / "prepared"))
    said = replies(LocalEngine(task, processes=1), ["a", "b", "c"])
    assert [said[job].error for job in "abc"] == ["", "", ""]
    assert len(set(noted(tmp_path / "prepared"))) == (3 if memory_mb() else 1)


def test_modules_in_the_folder_it_runs_from_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError\n", "ascii")
    monkeypatch.chdir(tmp_path)
    task = Task(work, partial(import_all, report=False))
    assert replies(LocalEngine(task, processes=1), ["a"])["a"].error == ""


def test_a_system_that_refuses_processes_stops_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    outcome = next(LocalEngine(Task(work, prepare), processes=1).run(["a"], None))
    assert (outcome.reply.error, outcome.reply.stop) == ("EngineError", True)
    assert "(Resource temporarily unavailable)" in outcome.reply.message


def test_workers_that_cannot_start_stop_the_batch(make: Make) -> None:
    outcome = next(make(Task(work, prepare_in_vain)).run(["a"], None))
    assert outcome.reply.stop
    assert outcome.reply.error == "EngineError"
    assert "exit code 1" in outcome.reply.message


def test_closing_ends_jobs_in_their_middle(make: Make, tmp_path: Path) -> None:
    started = tmp_path / "started"
    jobs = make(Task(work, prepare)).run([f"hang {started}", "a", f"hang {started}"], None)
    assert next(jobs).number == 1
    until(lambda: len(noted(started)) == 2, what="two jobs that hang")
    jobs.close()
    until(lambda: not any(lives(pid) for pid in noted(started)), what="their end")


def test_no_jobs_need_no_worker(make: Make) -> None:
    assert replies(make(Task(work, prepare_in_vain)), []) == {}


def test_a_process_killed_while_it_starts_costs_nothing(make: Make, tmp_path: Path) -> None:
    task = Task(work, partial(prepare_at_second_try, tmp_path / "tried"))
    said = replies(make(task), ["a", "b", "c"])
    assert [said[job].error for job in "abc"] == ["", "", ""]
    assert (tmp_path / "tried").exists()


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = (
        "from support.batch_faults import prepare, work\n"
        "from cd5flow.batch.engine import Task\n"
        "from cd5flow.batch.local import LocalEngine\n"
        "if __name__ == '__main__':\n"
        f"    list(LocalEngine(Task(work, prepare), processes=2).run(['hang {started}'] * 2, None))\n"
    )
    program = tmp_path / "program.py"
    program.write_text(code, "utf-8")
    with subprocess.Popen(
        [sys.executable, program], env={**os.environ, "PYTHONPATH": with_tests()}
    ) as parent:
        until(lambda: len(noted(started)) == 2, what="two jobs that hang")
        parent.kill()
    until(lambda: not any(lives(pid) for pid in noted(started)), what="their end")


def test_a_lost_dask_worker_costs_nothing(cluster: Any, tmp_path: Path) -> None:
    from cd5flow.batch.cluster import ClusterEngine  # noqa: PLC0415 - without Dask there is none

    engine = ClusterEngine(Task(work, prepare), address=cluster.scheduler_address, seen=tmp_path)
    victim = next(iter(cluster.workers.values())).pid
    jobs = ["slow"] * 12
    said: list[Outcome] = []
    for outcome in engine.run(jobs, None):
        if not said:
            os.kill(victim, signal.SIGKILL)
        said.append(outcome)
    assert sorted(outcome.number for outcome in said) == list(range(12))
    assert {outcome.reply.error for outcome in said} == {""}


def test_a_worker_that_does_not_see_the_results_folder_stops_the_batch(
    cluster: Any, tmp_path: Path
) -> None:
    from cd5flow.batch.cluster import ClusterEngine  # noqa: PLC0415 - without Dask there is none

    engine = ClusterEngine(
        Task(work, prepare), address=cluster.scheduler_address, seen=tmp_path / "out" / "own"
    )
    outcome = next(engine.run(["a"], None))
    assert outcome.reply.stop
    assert outcome.reply.message.endswith(f"expected it at {tmp_path / 'out'}")


def test_a_cluster_that_is_not_there_or_goes_away_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    import cd5flow.batch.cluster as module  # noqa: PLC0415 - without Dask there is none

    monkeypatch.setattr(module, "_CONNECT_SECONDS", 2)
    task = Task(work, prepare)
    with distributed.LocalCluster(
        n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as empty:
        address = empty.scheduler_address
        engine = module.ClusterEngine(task, address=address, seen=tmp_path, no_worker_seconds=0.2)
        with pytest.raises(EngineError, match=r"has had no worker for 0\.2 s"):
            next(engine.run(["a"], None))
        threading.Timer(1.0, empty.close).start()
        with pytest.raises(EngineError, match=f"scheduler at {address} is lost"):
            next(module.ClusterEngine(task, address=address, seen=tmp_path).run(["a"], None))
    with pytest.raises(EngineError, match=f"no Dask scheduler answers at {address}"):
        next(module.ClusterEngine(task, address=address, seen=tmp_path).run(["a"], None))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (0xC0000005, "ended with exit code 0xc0000005"),
        (-11, "was ended by SIGSEGV (11)"),
        (-99, "was ended by a signal (99)"),
        (None, "ended for a reason unknown"),
    ],
)
def test_ends_are_told_in_words(code: int | None, words: str) -> None:
    assert how_ended(code) == words


def test_what_is_tested_with_is_no_part_of_the_product() -> None:
    assert Path(batch_faults.__file__).parent == ROOT / "tests" / "support"
