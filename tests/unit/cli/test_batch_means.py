"""How a batch is asked to run, checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch.local import LocalEngine
from cd5flow.cli.batch import Means, engine_of, orders
from cd5flow.errors import OptionError
from cd5flow.report.folder import WantedOutputs

OUT = Path("out")


@pytest.mark.parametrize("timeout", [-1.0, float("nan"), float("inf")])
def test_an_impossible_time_is_refused(timeout: float) -> None:
    with pytest.raises(OptionError, match="timeout: found"):
        orders(OUT, WantedOutputs(), timeout=timeout, retry_failed=False)


def test_no_time_is_no_limit() -> None:
    assert orders(OUT, WantedOutputs(), timeout=0, retry_failed=False).timeout is None


@pytest.mark.parametrize("jobs", [0, -3])
def test_an_impossible_number_of_processes_is_refused(jobs: int) -> None:
    with pytest.raises(OptionError, match=f"jobs: found {jobs}, expected 1 or more"):
        engine_of(orders(OUT, WantedOutputs(), timeout=0, retry_failed=False), Means(jobs=jobs))


def test_processes_are_as_many_as_asked_for() -> None:
    asked = orders(OUT, WantedOutputs(), timeout=0, retry_failed=False)
    assert isinstance(engine_of(asked, Means()), LocalEngine)
    assert [engine_of(asked, Means(jobs=n)).words for n in (1, 3)] == ["1 process", "3 processes"]


def test_a_cluster_has_workers_of_its_own() -> None:
    asked = orders(OUT, WantedOutputs(), timeout=0, retry_failed=False)
    with pytest.raises(OptionError, match="expected no --jobs beside it"):
        engine_of(asked, Means(jobs=2, cluster="tcp://host:8786"))


@pytest.mark.parametrize(
    "address", ["", "host", "http://host:1", "tcp://", "tcp://host:x", "a b:1"]
)
def test_what_is_no_address_of_a_scheduler_is_refused(address: str) -> None:
    pytest.importorskip("distributed")
    asked = orders(OUT, WantedOutputs(), timeout=0, retry_failed=False)
    with pytest.raises(OptionError, match="expected a scheduler's address"):
        engine_of(asked, Means(cluster=address))


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tls://host:8786", "host:8786"])
def test_addresses_of_schedulers_are_taken(address: str) -> None:
    pytest.importorskip("distributed")
    asked = orders(OUT, WantedOutputs(), timeout=0, retry_failed=False)
    assert engine_of(asked, Means(cluster=address)).words == "a Dask cluster"
