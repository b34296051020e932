from __future__ import annotations

import os
from pathlib import Path

import pytest

from cd5flow.batch import local
from cd5flow.batch.engine import Reply
from cd5flow.batch.worker import answer, import_all, memory_mb, one_thread_each
from cd5flow.errors import FcsCorruptError


def test_what_is_raised_on_purpose_keeps_its_class_and_one_line() -> None:
    def work(job: str) -> Reply:
        raise FcsCorruptError(f"{job}: one\nline")

    said = answer(work, "a.fcs")
    assert (said.error, said.message, said.stop) == ("FcsCorruptError", "a.fcs: one line", False)


def test_a_lack_of_memory_is_no_bug() -> None:
    def work(_: str) -> Reply:
        raise MemoryError

    said = answer(work, "a.fcs")
    assert (said.error, said.message) == ("MemoryError", "it needs more memory than there is")


def test_a_reply_says_who_did_it_and_how_long_it_took() -> None:
    said = answer(lambda _: Reply(changed=False), "a.fcs")
    assert said.worker == f"process {os.getpid()}"
    assert said.seconds >= 0
    assert not said.changed
    assert (said.memory_mb is None) == (memory_mb() is None)


def test_ctrl_c_is_nobodys_failure() -> None:
    def work(_: str) -> Reply:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(work, "a.fcs")


def test_threads_are_limited_for_processes_started_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with one_thread_each():
        assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "1")
    assert os.environ["OMP_NUM_THREADS"] == "8"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("report", [False, True])
def test_everything_that_is_imported_beforehand_exists(*, report: bool) -> None:
    import_all(report=report)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "400000 100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_containers_share_of_the_cores_is_known(
    tmp_path: Path, files: dict[str, str], cores: int | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "ascii")
    assert local._container_cores(tmp_path) == cores


def test_there_is_a_core() -> None:
    assert 1 <= local.usable_cores() <= (os.cpu_count() or 1)
