"""Fixtures that several packages of tests share, and how hypothesis draws its examples."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from cd5flow.batch.child import ONE_THREAD
from cd5flow.signatures import users
from cd5flow.signatures.keys import Cost
from support.command_line import Ran, Run, run_fresh, run_here
from support.paths import ROOT

# Asserts of the test modules are rewritten, and modules compiled, once and not by each worker of each
# run, which takes as long as 2,000 tests: whoever sets PYTHONDONTWRITEBYTECODE means other programs.
sys.dont_write_bytecode = False

# Workers share the cores as the children of a batch do. Threads for arithmetic that wait for a core which
# another worker has spin meanwhile: on two cores some tests took ten times their processor seconds.
os.environ.update(ONE_THREAD)

# What a shell starts in the background ignores Ctrl-C, and so would all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The default draws the same examples on every machine and never fails for being slow, so that what
# is green stays green. HYPOTHESIS_PROFILE=explore looks for new ones, and for many more.
hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, max_examples=50
)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "steady")
hypothesis.settings.load_profile(_PROFILE)

# Nor do its examples hang on constants in the code of whatever is imported by then, among which those of the
# package are where it is run from its source, but not where it is installed. There is no setting for that.
if _PROFILE == "steady":
    pytest.MonkeyPatch().setattr(providers, "_get_local_constants", Constants)


# What was read of the rules is kept for all workers of this run, and none of the user's is taken.
_KEPT = "" if "PYTEST_XDIST_WORKER" in os.environ else tempfile.mkdtemp(prefix="cd5flow-tests-")
if _KEPT:
    os.environ["CD5FLOW_CACHE"] = _KEPT


def pytest_unconfigure() -> None:
    """Remove what this run kept; its workers have ended."""
    if _KEPT:
        shutil.rmtree(_KEPT, ignore_errors=True)


def pytest_collection_finish() -> None:
    """Leave modules and thousands of collected tests out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def cd5flow(tmp_path: Path) -> Run:
    """Run the command in an empty folder.

    In this process, where `run_here` says why that is as good; with `fresh`, or with variables that
    the interpreter may read as it starts, in a process of its own.
    """

    def run(*arguments: str | Path, fresh: bool = False, **environment: str) -> Ran:
        words = [str(argument) for argument in arguments]
        if fresh or environment:
            variables = {**os.environ, "PYTHONWARNINGS": "error", **environment}
            return run_fresh(words, folder=tmp_path, environment=variables)
        return run_here(words, folder=tmp_path)

    return run


@pytest.fixture(scope="module")
def quick_passwords() -> Iterator[None]:
    """Have keys sealed with little work: what a guess of a password costs is not the test's point."""
    with pytest.MonkeyPatch.context() as change:
        change.setattr(users, "Cost", functools.partial(Cost, n=2**10))
        yield


@pytest.fixture
def root() -> Path:
    return ROOT
