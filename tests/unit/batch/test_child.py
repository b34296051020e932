from __future__ import annotations

import os

import pytest

from cd5flow.batch.child import answer, import_all, memory_mb
from cd5flow.batch.engine import Reply
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


@pytest.mark.parametrize("report", [False, True])
def test_everything_that_is_imported_beforehand_exists(*, report: bool) -> None:
    import_all(report=report)
