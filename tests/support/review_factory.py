"""A results folder under review: small tubes whose counts are known, users, and the server's own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from starlette.testclient import TestClient

from cd5flow.analysis.settings import make_settings
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.report.input_files import InputFiles
from cd5flow.review.access import Access
from cd5flow.review.desk import Desk, Sign
from cd5flow.review.server import review_app
from cd5flow.signatures.users import Users
from cd5flow.signatures.users_list import UserRole
from support.small_tube import blasts, granulocytes, strategy, t_cells, write_tube

HOST: Final = "127.0.0.1:8700"
ORIGIN: Final = f"http://{HOST}"
JSON: Final = {"Origin": ORIGIN, "Content-Type": "application/json"}
REVIEWER: Final = {"user": "ann", "password": "correct horse"}
ANALYST: Final = {"user": "bob", "password": "battery staple"}
CLEAR, LOW = "clear", "low-share"
BLASTS: Final = 400


@dataclass(frozen=True)
class Laboratory:
    """What a review needs.

    Attributes:
        out: the results folder.
        tubes: the folder of tubes.
        users: the users file.
    """

    out: Path
    tubes: Path
    users: Path

    def desk(self, sign: Sign | None = None, *, blind: bool = False) -> Desk:
        """Return a desk on the results, as the command makes it, that signs by this."""
        find = InputFiles(self.out, [self.tubes]).find
        outputs = WantedOutputs(report=False)
        return Desk(self.out, users=self.users, find=find, outputs=outputs, sign=sign, blind=blind)


def laboratory(folder: Path) -> Laboratory:
    """Return a laboratory of two tubes: one clear, one whose CD5 share is near the threshold."""
    tubes, out = folder / "tubes", folder / "results"
    tubes.mkdir(parents=True)
    rules = tubes / "small.yaml"
    rules.write_text(json.dumps(strategy()), "utf-8")
    for name, positive in ((CLEAR, 380), (LOW, 290)):
        _tube(tubes, out, rules, name, positive)
    return Laboratory(out, tubes, users_file(folder))


def _tube(tubes: Path, out: Path, rules: Path, name: str, positive: int) -> None:
    """Write and analyse a tube in which so many blasts carry CD5, spread over a decade."""
    carried = np.geomspace(2_000, 60_000, positive)
    cd5 = np.concatenate([np.full(BLASTS - positive, 90.0), carried]).astype(np.float32)
    path = write_tube(tubes / f"{name}.fcs", blasts(cd5), t_cells(), granulocytes())
    said: dict[str, Any] = {"timepoint": "relapse", "specimen": "bone_marrow"}
    settings = make_settings(strategy=rules, spillover="hardware", **said)
    write_sample(analyse_tube(path, settings), out, outputs=WantedOutputs(report=False))


def users_file(folder: Path) -> Path:
    """Return a users file of a reviewer and an analyst."""
    path = folder / "users.jsonl"
    users = Users.load_or_begin(path)
    users.add("ann", name="Ann Reviewer", role=UserRole.REVIEWER, password=REVIEWER["password"])
    by = users.sign_in(**REVIEWER)
    users.add("bob", name="Bob Analyst", role=UserRole.ANALYST, password=ANALYST["password"], by=by)
    return path


class Page:
    """What a browser's page does, without a browser."""

    def __init__(self, client: TestClient, access: Access) -> None:
        self.client = client
        self.access = access
        self.tube: dict[str, Any] = {}

    def get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, path: str, body: dict[str, Any], *, status: int = 200) -> dict[str, Any]:
        answer = self.client.post(path, content=json.dumps(body), headers=JSON)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def open(self, sample: str) -> dict[str, Any]:
        samples = self.get("/api/queue")["samples"]
        key = next(one["key"] for one in samples if one["sample"] == sample)
        self.tube = self.get(f"/api/tubes/{key}")
        return self.tube

    @property
    def path(self) -> str:
        return f"/api/tubes/{self.tube['key']}"

    def act(self, what: str, *, status: int = 200, **said: Any) -> dict[str, Any]:
        body = {"at": self.tube["at"], **said}
        answer = self.post(f"{self.path}/{what}", body, status=status)
        if status == 200:
            self.tube = answer
        return answer

    def view(self, gate: str, number: int = 0) -> dict[str, Any]:
        view: dict[str, Any] = self.get(f"{self.path}/gates/{gate}")["views"][number]
        return view

    def see_all(self) -> None:
        for gate in list(self.tube["unseen"]):
            self.act("seen/shown", gate=gate)


@contextmanager
def page_of(desk: Desk) -> Iterator[Page]:
    """Give a page that was opened with the token."""
    access = Access(HOST)
    with TestClient(review_app(desk, access), base_url=ORIGIN) as client:
        assert client.get(access.address.removeprefix(ORIGIN)).status_code == 200
        yield Page(client, access)
