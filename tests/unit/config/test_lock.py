from __future__ import annotations

import errno
import json
import multiprocessing
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

import cd5flow.config.lock as module
from cd5flow.config.lock import Holder, hold, read_holder
from cd5flow.errors import OutputError
from support.processes import hold_until_killed, until


def written(path: Path, **changes: Any) -> Holder:
    """Write the file of a lock that nobody holds."""
    said: dict[str, Any] = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": module._process_started(os.getpid()),
        "since": "2026-01-31T22:00:00+00:00",
        "token": "0123",
        **changes,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(said), "utf-8")
    return Holder(**said)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no locks."""
    monkeypatch.setattr(module, "_lock", lambda _: None)
    monkeypatch.setattr(module, "_SETTLE_SECONDS", 0.0)


def test_a_lock_names_its_holder_and_leaves_nothing(tmp_path: Path) -> None:
    with hold(tmp_path / "out" / "own") as lock:
        assert lock.earlier is None
        assert read_holder(lock.path) == lock.holder
        assert lock.holder.pid == os.getpid()
    assert list((tmp_path / "out").iterdir()) == []


def test_what_else_is_in_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "failed").mkdir()
    with hold(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["failed"]


def test_a_second_is_refused_by_the_name_of_the_first(tmp_path: Path) -> None:
    with hold(tmp_path / "own") as first:
        with pytest.raises(OutputError) as refused, hold(tmp_path / "own"):
            pass
        assert str(first.holder) in refused.value.message
        assert read_holder(first.path) == first.holder
    with hold(tmp_path / "own"):
        pass


def test_an_error_inside_is_not_the_locks(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), hold(tmp_path / "own"):
        raise PermissionError
    assert not (tmp_path / "own").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_the_lock_of_a_killed_holder_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "own" / "lock"
    holder = multiprocessing.get_context("spawn").Process(
        target=hold_until_killed, args=(tmp_path / "own",)
    )
    holder.start()
    until(lambda: read_holder(path), what="the lock")
    with pytest.raises(OutputError, match=f"process {holder.pid} on "), hold(tmp_path / "own"):
        pass
    holder.kill()
    holder.join()
    with hold(tmp_path / "own") as lock:
        assert lock.earlier is not None
        assert lock.earlier.pid == holder.pid


def test_a_holder_on_another_machine_may_live(tmp_path: Path) -> None:
    path = tmp_path / "own" / "lock"
    written(path, host="elsewhere", pid=7)
    with (
        pytest.raises(OutputError, match=r"process 7 on elsewhere.*delete .*lock and run again"),
        hold(tmp_path / "own"),
    ):
        pass
    path.unlink()
    with hold(tmp_path / "own"):
        pass


@pytest.mark.parametrize("content", ["", "{}", "[1]", "{", '{"host": "a", "pid": "x"}', "\0\xff"])
def test_a_file_that_names_nobody_is_no_holder(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content, "utf-8")
    with hold(tmp_path) as lock:
        assert lock.earlier is None


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_living_holder_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "own" / "lock")
    with pytest.raises(OutputError, match=r"delete .*lock"), hold(tmp_path / "own"):
        pass


@pytest.mark.usefixtures("without_locks")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no start times of processes")
def test_without_locks_a_process_id_that_was_given_again_is_another(tmp_path: Path) -> None:
    dead = written(tmp_path / "own" / "lock", process_started="another boot 17")
    with hold(tmp_path / "own") as lock:
        assert lock.earlier == dead


@pytest.mark.usefixtures("without_locks")
def test_without_locks_the_later_of_two_in_one_moment_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        time, "sleep", lambda _: written(tmp_path / "own" / "lock", token=str(4567))
    )
    with pytest.raises(OutputError, match="another batch is writing"), hold(tmp_path / "own"):
        pass


def test_a_file_that_was_taken_away_meanwhile_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, moments = module._lock, iter(["taken away", "in its place"])

    def lock(file: Any) -> bool | None:
        if next(moments) == "taken away":
            (tmp_path / "own" / "lock").unlink()
            (tmp_path / "own").rmdir()
        return right(file)

    monkeypatch.setattr(module, "_lock", lock)
    with hold(tmp_path / "own") as held:
        assert read_holder(held.path) == held.holder
    assert next(moments, None) is None


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match=r"out: cannot be written"), hold(tmp_path / "out/own"):
        pass


@pytest.mark.parametrize(
    ("holder", "alive"), [(os.getpid(), True), (2**22 + 5, False)], ids=["own", "none"]
)
def test_processes_are_known_by_their_number_where_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, holder: int, *, alive: bool
) -> None:
    monkeypatch.setattr(module, "_process_started", lambda _: "")
    assert module._lives(Holder("here", holder, "", "", "")) is alive


def test_a_folder_that_goes_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, refused = Path.mkdir, [True]

    def mkdir(self: Path, *arguments: Any, **words: Any) -> None:
        if refused:
            refused.pop()
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self))
        right(self, *arguments, **words)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with hold(tmp_path / "out") as lock:
        assert lock.path.is_file()


def test_a_file_in_the_folder_s_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a note", "utf-8")
    with pytest.raises(OutputError, match="cannot be written"), hold(tmp_path / "out"):
        pass
