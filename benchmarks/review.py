"""How long a page of review waits: opening a tube, counting while a gate is dragged, letting it go.

Run `python benchmarks/review.py [EVENTS ...]`; a tube of the repository is multiplied to so many events,
each with a little noise of its own. Times are of whole requests, page to answer, without a network: on the
clock, and of the processor, which others on the machine do not lengthen. Before that, the server's memory
with 200 tubes in the queue, of which one after the other is opened. One run stands in benchmarks/REVIEW.md.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from cd5flow.analysis.settings import make_settings
from cd5flow.batch.child import memory_mb
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.report.input_files import InputFiles
from cd5flow.review.access import Access
from cd5flow.review.desk import Desk
from cd5flow.review.server import review_app
from cd5flow.signatures.users import Users
from cd5flow.signatures.users_list import UserRole

SOURCE = Path(__file__).parents[1] / "sample_fcs" / "p02-borderline-69.fcs"
HOST = "127.0.0.1:8700"
WHO = {"user": "ann", "password": "correct horse"}
HEADERS = {"Origin": f"http://{HOST}", "Content-Type": "application/json"}


def large_tube(path: Path, events: int) -> Path:
    """Write the tube so many times over that it has so many events."""
    fcs = read_fcs(SOURCE)
    draw = np.random.default_rng(1)
    rows = np.arange(events) % len(fcs.events)
    values = np.array(fcs.events[rows], dtype=np.float32)
    times = [i for i, channel in enumerate(fcs.channels) if channel.is_time]
    noise = draw.normal(1.0, 0.02, values.shape).astype(np.float32)
    noise[:, times] = 1.0
    values *= noise
    kept = ("$CYT", "$TIMESTEP", "SPILL", "$SPILLOVER", "$SPILL")
    keywords = {key: value for key, value in fcs.keywords.items() if key in kept}
    write_fcs(path, values, channels=fcs.channels, keywords=keywords)
    return path


@dataclass(frozen=True)
class Took:
    """Milliseconds of some repetitions: median and longest on the clock, median of the processor."""

    median: float
    longest: float
    processor: float


def timed(work: Callable[[], Any], times: int) -> Took:
    """Return how long some repetitions took."""
    took, processor = [], []
    for _ in range(times):
        start, busy = time.perf_counter(), time.process_time()
        work()
        took.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.process_time() - busy))
    return Took(statistics.median(took), max(took), statistics.median(processor))


def measure(events: int) -> None:
    """Print a line a question."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tube = large_tube(folder / "large.fcs", events)
        out = folder / "results"
        settings = make_settings(timepoint="relapse", specimen="bone_marrow")
        write_sample(analyse_tube(tube, settings), out, outputs=WantedOutputs(report=False))
        with served(folder, out, folder) as (client, _):
            key = client.get("/api/queue").json()["samples"][0]["key"]
            show(events, "open a tube", timed(lambda: client.get(f"/api/tubes/{key}"), 1))
            for gate in ("cells", "singlets", "cd5_positive", "blasts_1_CD45_SSC"):
                measure_gate(client, f"/api/tubes/{key}", gate, events)
    print(f"{events:>9,}  memory of the process {memory_mb() or 0:,.0f} MB")


def measure_gate(client: TestClient, path: str, gate: str, events: int) -> None:
    """Print how long a gate takes: its picture, a count while it is dragged, and letting it go."""
    found = client.get(f"{path}/gates/{gate}")
    if found.status_code != 200:
        return
    view = found.json()["views"][0]
    drawing: dict[str, Any]
    if view["corners"]:
        corners = view["corners"]
        corners[0][0] += 0.01 * (view["x"]["high"] - view["x"]["low"])
        drawing = {"corners": corners}
    else:
        edge = view["edges"][-1]
        drawing = {"edges": {edge["key"]: edge["at"] * 1.01}}
    picture = f"{path}/gates/{gate}/0.png"
    show(events, f"picture of {gate}", timed(lambda: client.get(picture), 5))
    said = {"gate": gate, "drawing": drawing}
    show(
        events, f"count of {gate}, dragged", timed(lambda: post(client, f"{path}/count", said), 20)
    )
    at = client.get(path).json()["at"]
    move = {**said, "at": at, "reason": "measured"}
    show(events, f"release of {gate}", timed(lambda: post(client, f"{path}/move", move), 1))
    at = client.get(path).json()["at"]
    post(client, f"{path}/step/undo", {"at": at})


def post(client: TestClient, path: str, body: dict[str, Any]) -> None:
    """Ask, and hold the answer to be one."""
    answer = client.post(path, content=json.dumps(body), headers=HEADERS)
    assert answer.status_code == 200, answer.text  # noqa: S101 - a benchmark


def show(events: int, what: str, took: Took) -> None:
    """Print one line."""
    print(
        f"{events:>9,}  {what:<34} median {took.median:8.1f} ms, longest {took.longest:8.1f} ms, "
        f"processor {took.processor:8.1f} ms",
        flush=True,
    )


def measure_queue(samples: int) -> None:
    """Print how much memory the server takes with so many tubes in its queue."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = folder / "results"
        settings = make_settings(timepoint="relapse", specimen="bone_marrow")
        written = write_sample(
            analyse_tube(SOURCE, settings), out, outputs=WantedOutputs(report=False)
        )
        for number in range(1, samples):
            shutil.copytree(written.folder, out / f"{SOURCE.stem}-{number}")
        before = memory_mb() or 0
        with served(folder, out, SOURCE.parent) as (client, desk):
            start = time.perf_counter()
            queue = client.get("/api/queue").json()["samples"]
            took = 1000 * (time.perf_counter() - start)
            listed = memory_mb() or 0
            for sample in queue[:6]:
                client.get(f"/api/tubes/{sample['key']}")
            opened = memory_mb() or 0
            print(
                f"{len(desk.queue.samples)} tubes in the queue: {listed - before:,.0f} MB above the "
                f"{before:,.0f} MB before, {opened - before:,.0f} MB once six were opened one after "
                f"the other; the queue is told in {took:,.0f} ms"
            )


@contextmanager
def served(folder: Path, out: Path, tubes: Path) -> Iterator[tuple[TestClient, Desk]]:
    """Give a client that has opened the page and logged in."""
    users = Users.load_or_begin(folder / "users.jsonl")
    users.add("ann", name="Ann", role=UserRole.REVIEWER, password=WHO["password"])
    desk = Desk(
        out,
        users=folder / "users.jsonl",
        find=InputFiles(out, [tubes]).find,
        outputs=WantedOutputs(report=False),
    )
    access = Access(HOST)
    with (
        closing(desk),
        TestClient(review_app(desk, access), base_url=f"http://{HOST}") as client,
    ):
        client.get(access.address.removeprefix(f"http://{HOST}"))
        post(client, "/api/person", WHO)
        yield client, desk


if __name__ == "__main__":
    measure_queue(200)
    for count in [int(word) for word in sys.argv[1:]] or [100_000, 1_000_000]:
        measure(count)
