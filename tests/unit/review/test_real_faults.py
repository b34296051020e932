"""Processes that are killed, run out of disk or write at once: each ends in one clear state."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cd5flow.review.findings import Fault
from cd5flow.review.verifying import Verification, verify
from cd5flow.signatures.acts import ActKind
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.users import Users
from support.command_line import run_here
from support.review_factory import ANALYST, CLEAR, Laboratory, laboratory, page_of

WRITER = """
import sys
from pathlib import Path
from cd5flow.signatures.acts import Act, ActKind
from cd5flow.signatures.ledger import Ledger
with Ledger.open(Path(sys.argv[1])) as ledger:
    for number in range(40):
        ledger.append(Act(ActKind.SIGN_IN_REFUSED, user=f"{sys.argv[2]}-{number}"))
"""

SERVER = """
import os, signal, sys
from pathlib import Path
from cd5flow.review.session import TubeSession
from support.review_factory import ANALYST, CLEAR, Laboratory, page_of
desk = Laboratory(*map(Path, sys.argv[1:])).desk()
with page_of(desk) as page:
    page.post("/api/person", ANALYST)
    page.open(CLEAR)
    view = page.view("cd5_positive")
    edge = view["edges"][0]
    at = edge["at"] + 0.1 * (view["x"]["high"] - view["x"]["low"])
    # The moment between the act and its answer.
    TubeSession.show = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    page.act("move", gate="cd5_positive", drawing={"edges": {edge["key"]: at}})
"""


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    lab = laboratory(tmp_path)
    (tmp_path / "password").write_text(ANALYST["password"], "utf-8")
    return lab


def sign_words(lab: Laboratory) -> list[str]:
    digest = json.loads((lab.out / CLEAR / "result.json").read_text("utf-8"))["digest"]
    return [
        *("sign", str(lab.out / CLEAR), "--user", "bob"),
        *("--meaning", "analysed", "--digest", digest[:8], "--users", str(lab.users)),
        *("--password-file", str(lab.users.parent / "password")),
    ]


def sign_command(lab: Laboratory) -> list[str]:
    return [sys.executable, "-m", "cd5flow", *sign_words(lab)]


def checked(lab: Laboratory) -> Verification:
    return verify(lab.out, users=Users.load(lab.users), folders=[lab.tubes])


def assert_unsigned_or_told(lab: Laboratory) -> None:
    """Either nothing was signed, or it was, or its files are missing and it says so."""
    assert {one.fault for one in checked(lab).findings} <= {Fault.UNFINISHED}


def assert_signing_completes(lab: Laboratory) -> None:
    done = run_here(sign_words(lab), folder=lab.out)
    assert done.code == 0 or "has signed this version already" in done.err, done.err
    found = checked(lab)
    assert found.holds, found.findings
    (standing,) = [one.standing for one in found.samples if one.sample == CLEAR]
    assert standing is not None
    assert [one.user for one in standing.signatures] == ["bob"]


def test_a_command_that_is_killed_after_its_signature_is_completed_by_the_next(
    lab: Laboratory,
) -> None:
    with subprocess.Popen(
        sign_command(lab), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        while one.poll() is None and not has_signature(lab.out / LEDGER):
            time.sleep(0.002)
        one.send_signal(signal.SIGKILL)
    assert_unsigned_or_told(lab)
    assert_signing_completes(lab)


def has_signature(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with Ledger.read(path) as ledger:
            return any(entry.kind is ActKind.SIGNATURE for entry in ledger.entries())
    except Exception:  # noqa: BLE001 - it is being made in this moment
        return False


@pytest.mark.parametrize("room", [4_096, 48_000])
def test_a_full_disk_leaves_what_was_there_or_a_signature_to_complete(
    lab: Laboratory, room: int
) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    failed = subprocess.run(
        sign_command(lab),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=little_room,
    )
    assert failed.returncode in {0, 1}, failed.stderr
    assert "Traceback" not in failed.stderr
    assert_unsigned_or_told(lab)
    assert_signing_completes(lab)


def test_two_processes_write_into_one_ledger_and_its_chain_holds(tmp_path: Path) -> None:
    path = tmp_path / LEDGER
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")
    ]
    assert [one.wait(timeout=120) for one in writers] == [0, 0]
    with Ledger.read(path) as ledger:
        assert len(ledger.entries()) == 80
        assert not ledger.breaks()
        for name in ("a", "b"):
            own = [entry.user for entry in ledger.entries() if entry.user.startswith(name)]
            assert own == [f"{name}-{number}" for number in range(40)]


def test_an_act_that_the_server_did_not_live_to_tell_of_is_there_when_it_starts_again(
    lab: Laboratory,
) -> None:
    """The server records an act and dies before it answers; its write-ahead log is left behind."""
    tests = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH", "")]))
    words = [sys.executable, "-c", SERVER, str(lab.out), str(lab.tubes), str(lab.users)]
    died = subprocess.run(words, check=False, env={**os.environ, "PYTHONPATH": path})
    assert died.returncode == -signal.SIGKILL
    desk = lab.desk()
    with page_of(desk) as page:
        tube = page.open(CLEAR)
        assert [one["gate"] for one in tube["drawn"]] == ["cd5_positive"]
        assert tube["is_changed"]
        assert tube["can_undo"]
    desk.close()
    assert checked(lab).holds
    assert not (lab.out / f"{LEDGER}-wal").exists()
