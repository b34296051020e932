"""`cd5flow batch` as a user runs it, and as the world treats it: killed, interrupted, out of room."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cd5flow.batch.run import BatchOrders
from support.analysed import CLEAR, FOUR_COLOUR, fmo_of, tube
from support.batch_faults import clear_groups, memory_group
from support.faulty_batch import STARTED, faulty_task
from support.processes import PATIENCE_SECONDS, lives, noted, until, with_tests

if TYPE_CHECKING:
    from support.command_line import Ran, Run

HIDDEN = ".cd5flow"

posix = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def record(out: Path) -> dict[str, Any]:
    said = json.loads((out / "run.json").read_text("utf-8"))
    assert isinstance(said, dict)
    return said


def samples(folder: Path, *names: str) -> Path:
    """Put a small tube under several names into a folder; `faulty_batch` goes by the names."""
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(tube(FOUR_COLOUR), folder / f"{name}.fcs")
    return folder


def written(path: Path) -> tuple[int, int, int]:
    """Return what tells whether a file was written again; when it was last read is no part of it."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def whole(out: Path) -> list[str]:
    """Return the samples' folders, each of which holds every file."""
    folders = [path for path in out.iterdir() if path.is_dir() and path.name != HIDDEN]
    for folder in folders:
        assert {path.name for path in folder.iterdir()} >= {
            "result.json",
            "populations.csv",
            "gates.xml",
        }
        json.loads((folder / "result.json").read_bytes())
    return sorted(folder.name for folder in folders)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start ``cd5flow batch`` with samples that may go wrong, in a process group of its own."""
    running: list[subprocess.Popen[str]] = []

    def started(*arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "support.faulty_batch",
                "batch",
                *map(str, arguments),
                "--no-report",
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": with_tests(), "PYTHONWARNINGS": "error"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0 if os.name == "posix" else None,
        )
        running.append(process)
        return process

    yield started
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def batch_here(cd5flow: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the same within this process, with one child: for what is neither killed nor interrupted."""
    monkeypatch.setenv("PYTHONPATH", with_tests())
    monkeypatch.setattr(BatchOrders, "task", property(faulty_task))

    def run(*arguments: str | Path) -> Ran:
        ran = cd5flow("batch", *arguments, "--jobs", "1", "--no-report")
        assert "Traceback" not in ran.err
        return ran

    return run


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code and both streams."""
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in err
    return process.returncode, out, err


def test_a_sheet_is_worked_through_and_a_broken_tube_does_not_stop_it(
    cd5flow: Run, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in (tube(CLEAR), fmo_of(CLEAR), tube(FOUR_COLOUR)):
        shutil.copy(path, run)
    shutil.copy(tube(CLEAR), run / "forgotten.fcs")
    (run / "broken.fcs").write_bytes(tube(CLEAR).read_bytes()[:20_000])
    (run / "samples.csv").write_text(
        "file,sample_id,role,for_sample,timepoint,spillover,accession\n"
        f"{CLEAR}.fcs,S1,,,relapse,,A1\n"
        f"{CLEAR}_FMO-CD5.fcs,,fmo,S1,,,\n"
        f"{FOUR_COLOUR}.fcs,=S2,,,relapse,hardware,A2\n"
        "broken.fcs,S3,,,relapse,,A3\n",
        "utf-8",
    )
    ran = cd5flow("batch", "run", "--out", "out", "--no-report", "--log", "out/run.log", fresh=True)
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert ran.err.splitlines()[:2] == [
        f"using the sheet {Path('run') / 'samples.csv'}",
        "not taken, not named in the sheet: forgotten.fcs",
    ]
    assert "/3] S3: FAILED FcsTruncatedError: broken.fcs: " in ran.err
    assert "3 of 3: 2 done, 1 failed" in ran.err
    assert ran.out.startswith("2 of 3 samples done, 1 failed; need a person: ")
    second, first = table(tmp_path / "out" / "summary.csv")
    assert (first["sample"], first["accession"], first["controls"]) == ("S1", "A1", "fmo accepted")
    assert (second["sample"], second["folder"]) == ("'=S2", "_S2")
    (failure,) = table(tmp_path / "out" / "failures.csv")
    assert (failure["sample"], failure["file"]) == ("S3", "broken.fcs")
    assert failure["error"] == "FcsTruncatedError"
    said = record(tmp_path / "out")
    assert said["counts"]["failed"] == 1
    assert said["not_taken"] == [{"file": "forgotten.fcs", "reason": "not named in the sheet"}]
    inputs = json.loads((tmp_path / "out" / "inputs.json").read_text("utf-8"))
    assert [(one["sample"], one["role"], one["path"]) for one in inputs] == [
        ("S1", "tube", f"../run/{CLEAR}.fcs"),
        ("S1", "fmo", f"../run/{CLEAR}_FMO-CD5.fcs"),
        ("_S2", "tube", f"../run/{FOUR_COLOUR}.fcs"),
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.name != HIDDEN) == [
        "S1",
        "_S2",
        "failures.csv",
        "index.html",
        "inputs.json",
        "run.json",
        "run.log",
        "summary.csv",
        "summary.xlsx",
    ]
    lines = [json.loads(line) for line in (tmp_path / "out/run.log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["batch", "sample", "sample", "sample", "end"]

    # Again: nothing is left to do, and nothing is told.
    before = written(tmp_path / "out" / "S1" / "result.json")
    ran = cd5flow("batch", "run", "--out", "out", "--no-report", "--quiet")
    assert (ran.code, ran.err) == (3, "")
    assert ran.out.startswith("2 of 3 samples done, 1 failed; 3 of them by earlier runs")
    assert "--retry-failed" in ran.out
    assert written(tmp_path / "out" / "S1" / "result.json") == before
    assert table(tmp_path / "out" / "failures.csv") == [failure]


def test_a_folder_without_a_sheet_is_taken_by_its_names(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "run" / "day1").mkdir(parents=True)
    shutil.copy(tube(CLEAR), tmp_path / "run" / "day1" / "X.FCS")
    shutil.copy(fmo_of(CLEAR), tmp_path / "run" / "day1" / "X_FMO-CD5.fcs")
    shutil.copy(fmo_of(CLEAR), tmp_path / "run" / "Y_FMO-CD5.fcs")
    ran = cd5flow("batch", "run", "--timepoint", "relapse", "--no-report")
    assert ran.code == 0, ran.err
    (row,) = table(tmp_path / "cd5flow-results" / "summary.csv")
    assert (row["sample"], row["timepoint"], row["cd5_cut_method"]) == ("X", "relapse", "fmo")
    assert "not taken, a control by its name" in ran.err
    assert not (tmp_path / "cd5flow-results" / HIDDEN).exists()


def test_a_faulty_sheet_is_exit_2_with_every_fault_and_nothing_done(
    cd5flow: Run, tmp_path: Path
) -> None:
    text = "file,sample_id,timepoint\ngone.fcs,../P1,now\nlost.fcs,CON,\n"
    (tmp_path / "s.csv").write_text(text, "utf-8")
    ran = cd5flow("batch", "s.csv")
    assert (ran.code, ran.out) == (2, "")
    assert [line.partition(": expected")[0][:30] for line in ran.err.splitlines()] == [
        "cd5flow: s.csv: row 2: file: g",
        "cd5flow: s.csv: row 2: sample_",
        "cd5flow: s.csv: row 2: timepoi",
        "cd5flow: s.csv: row 3: file: l",
        "cd5flow: s.csv: row 3: sample_",
    ]
    assert not (tmp_path / "cd5flow-results").exists()


def test_nothing_to_do_is_exit_1(cd5flow: Run, tmp_path: Path) -> None:
    assert cd5flow("batch", "gone").code == 1
    (tmp_path / "empty").mkdir()
    assert "found no .fcs or .lmd" in cd5flow("batch", "empty").complaint


def test_without_dask_a_cluster_is_exit_2_with_what_to_install(tmp_path: Path) -> None:
    samples(tmp_path / "run", "a")
    code = (
        "import sys\n"
        "sys.modules['distributed'] = None\n"
        "from cd5flow.cli import main\n"
        f"sys.argv = ['cd5flow', 'batch', {str(tmp_path / 'run')!r}, '--cluster', 'tcp://x:1']\n"
        "main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "with its extra [dask]" in ran.stderr


@posix
def test_samples_that_go_wrong_cost_themselves_alone(
    start: Start, batch_here: Run, tmp_path: Path
) -> None:
    eats = ("eat-1",) if memory_group() else ()
    names = ("a", "crash-1", "grow-1", "hang-1", "kill-1", "raise-1", "z", *eats)
    samples(tmp_path / "run", *names)
    try:
        code, out, err = finish(start("run", "--out", "out", "--timeout", "10", "--jobs", "2"))
    finally:
        clear_groups()
    assert code == 3, err
    assert whole(tmp_path / "out") == ["a", "z"]
    failures = {row["sample"]: row for row in table(tmp_path / "out" / "failures.csv")}
    assert {name: row["error"] for name, row in failures.items()} == {
        "crash-1": "WorkerDied",
        "grow-1": "MemoryError",
        "hang-1": "SampleTimeout",
        "kill-1": "WorkerDied",
        "raise-1": "ValueError",
        **dict.fromkeys(eats, "WorkerDied"),
    }
    assert "SIGKILL (9)" in failures["kill-1"]["message"]
    assert "10 s" in failures["hang-1"]["message"]
    assert [row["sample"] for row in table(tmp_path / "out" / "summary.csv")] == ["a", "z"]
    assert out.startswith(f"2 of {len(names)} samples done, {len(names) - 2} failed")

    # Again: what failed, and would fail again, is not begun.
    begun = len(noted(tmp_path / STARTED))
    assert batch_here("run", "--out", "out", "--timeout", "10").code == 3
    assert len(noted(tmp_path / STARTED)) == begun


@posix
def test_a_batch_that_is_killed_goes_on_where_it_was(
    start: Start, batch_here: Run, tmp_path: Path
) -> None:
    samples(tmp_path / "run", "a", "b", "hang-1", "hang-2")
    out = tmp_path / "out"
    first = start("run", "--out", "out", "--jobs", "2")
    until(lambda: len(noted(tmp_path / STARTED)) == 4, what="the samples that hang")
    done = {name: written(out / name / "result.json") for name in ("a", "b")}
    first.kill()
    first.communicate()
    until(lambda: not any(lives(pid) for pid in noted(tmp_path / STARTED)), what="their end")
    assert whole(out) == ["a", "b"]
    # What a batch that is ended in the middle of writing leaves behind.
    half = out / HIDDEN / "aside" / ".tmp-0123abcd-hang-1"
    half.mkdir(parents=True, exist_ok=True)
    (half / "result.json").write_text("{", "utf-8")

    for name in ("hang-1", "hang-2"):
        (tmp_path / "run" / f"{name}.fcs").rename(tmp_path / "run" / f"well-{name}.fcs")
    ran = batch_here("run", "--out", "out")
    assert ran.code == 0, ran.err
    assert f"an earlier batch ended without a word (process {first.pid} on " in ran.err
    assert ran.out.startswith("4 of 4 samples done, 0 failed; 2 of them by earlier runs")
    assert whole(out) == ["a", "b", "well-hang-1", "well-hang-2"]
    assert {name: written(out / name / "result.json") for name in done} == done
    assert len(noted(tmp_path / STARTED)) == 6
    assert [row["sample"] for row in table(out / "summary.csv")] == whole(out)
    assert not (out / HIDDEN).exists()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_keeps_what_is_done(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    samples(tmp_path / "run", "a", "hang-1", "hang-2", "z")
    log = tmp_path / "log.jsonl"
    process = start("run", "--out", "out", "--jobs", "2", "--log", "log.jsonl")
    until(lambda: len(noted(tmp_path / STARTED)) == 3, what="the samples that hang")
    # The batch has heard of it, not only its folder is there.
    until(lambda: log.exists() and '"a"' in log.read_text("utf-8"), what="the first result")
    # Ctrl-C goes to every process of a terminal, a scheduler's signal to the first alone.
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    code, out, err = finish(process)
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "cd5flow: interrupted"
    assert "1 of 4 samples are done and kept" in err
    assert not any(lives(pid) for pid in noted(tmp_path / STARTED))
    assert whole(tmp_path / "out") == ["a"]
    said = record(tmp_path / "out")
    assert said["interrupted"] is True
    assert (said["counts"]["done"], said["counts"]["not_finished"]) == (1, 3)
    assert [row["sample"] for row in table(tmp_path / "out" / "summary.csv")] == ["a"]
    assert table(tmp_path / "out" / "failures.csv") == []
    assert not (tmp_path / "out" / HIDDEN).exists()


@posix
def test_a_second_batch_into_one_folder_is_refused(
    start: Start, cd5flow: Run, tmp_path: Path
) -> None:
    samples(tmp_path / "run", "hang-1")
    samples(tmp_path / "other", "a")
    first = start("run", "--out", "out", "--jobs", "1")
    until(lambda: noted(tmp_path / STARTED), what="the sample that hangs")
    ran = cd5flow("batch", "other", "--out", "out", "--no-report")
    assert ran.code == 1
    assert f"another batch is writing into it (process {first.pid} on " in ran.complaint
    assert whole(tmp_path / "out") == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB: room for a few samples."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", place],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("no small disk can be made here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_one_clear_error_and_what_is_done_stays(
    start: Start, batch_here: Run, small_disk: Path, tmp_path: Path
) -> None:
    samples(tmp_path / "run", *"abcdefghij")
    out = small_disk / "out"
    code, said, err = finish(start("run", "--out", out, "--jobs", "2"))
    assert (code, said) == (1, "")
    (refusal,) = [line for line in err.splitlines() if line.startswith("cd5flow: ")]
    assert refusal.endswith("cannot be written (No space left on device)")
    done = whole(out)
    assert 0 < len(done) < 10
    assert f"{len(done)} of 10 samples are done and kept" in err
    assert not list(out.glob(".tmp-*"))
    assert not (out / HIDDEN / "failed").exists()

    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    ran = batch_here("run", "--out", out)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(
        f"10 of 10 samples done, 0 failed; {len(done)} of them by earlier runs"
    )
    assert len(whole(out)) == 10


def test_a_disk_that_is_full_from_the_start_is_one_clear_error(
    batch_here: Run, small_disk: Path, tmp_path: Path
) -> None:
    samples(tmp_path / "run", "a")
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(b"\0" * 400_000)
    ran = batch_here("run", "--out", small_disk / "out")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].endswith("cannot be written (No space left on device)")


def test_a_read_only_folder_is_one_clear_error(
    cd5flow: Run, small_disk: Path, tmp_path: Path
) -> None:
    samples(tmp_path / "run", "a")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ran = cd5flow("batch", "run", "--out", small_disk / "out")
    assert ran.code == 1
    assert ran.complaint.endswith("out: cannot be written (Read-only file system)")


def results(out: Path) -> dict[str, dict[str, Any]]:
    """Return every result of a folder without the time it was made, and the digest that covers it."""
    found = {}
    for name in whole(out):
        said = json.loads((out / name / "result.json").read_bytes())
        assert said["provenance"].pop("created")
        assert said.pop("digest")
        found[name] = said
    return found


@posix
def test_a_dask_cluster_gives_the_same_results_and_a_killing_sample_fails_alone(
    start: Start, batch_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    samples(tmp_path / "run", "kill-1")
    for path in (tube(CLEAR), fmo_of(CLEAR), tube(FOUR_COLOUR)):
        shutil.copy(path, tmp_path / "run")
    monkeypatch.setenv("PYTHONPATH", with_tests())
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        scheduler_port=0,
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    ) as cluster:
        address = cluster.scheduler_address
        code, out, err = finish(start("run", "--out", "there", "--cluster", address))
    assert code == 3, err
    assert out.startswith("2 of 3 samples done, 1 failed")
    (failure,) = table(tmp_path / "there" / "failures.csv")
    assert (failure["sample"], failure["error"]) == ("kill-1", "WorkerDied")
    assert batch_here("run", "--out", "here").code == 3
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert set(results(tmp_path / "here")) == {CLEAR, FOUR_COLOUR}
