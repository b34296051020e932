"""Ten thousand acts on one sample: opened, acted on and verified, each signature checked once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.review.verifying import verify
from cd5flow.signatures import keys
from cd5flow.signatures.acts import Act, ActKind
from cd5flow.signatures.users import Users
from support.review_factory import ANALYST, CLEAR, laboratory, page_of

ACTS = 10_000


def test_ten_thousand_acts_are_read_without_checking_one_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = laboratory(tmp_path)
    users = Users.load(lab.users)
    key = users.sign_in(**ANALYST)
    desk = lab.desk()
    sample = next(one for one in desk.queue.samples if one.sample == CLEAR)
    moved = {"digest": sample.digest, "gate": "cd5_positive", "override": {}, "reason": "why"}
    undone = {"digest": sample.digest, "step": "undo", "override": {}}
    with desk.ledger.writing() as add:
        for _ in range(ACTS // 2):
            add(Act(ActKind.GATE_MOVED, sample.folder, values=moved), key)
            add(Act(ActKind.GATE_UNDONE, sample.folder, values=undone), key)

    checks = 0
    holds = keys.holds

    def counted(public: str, content: bytes, signature: str) -> bool:
        nonlocal checks
        checks += 1
        return holds(public, content, signature)

    monkeypatch.setattr(keys, "holds", counted)
    with page_of(desk) as page:
        page.post("/api/person", ANALYST)
        page.open(CLEAR)
        assert page.tube["at"] == ACTS
        for gate in page.tube["unseen"][:2]:
            page.act("seen/shown", gate=gate)
    desk.close()
    found = verify(lab.out, users=users, folders=[lab.tubes])
    assert found.holds, found.findings
    assert found.entries == ACTS + 3
    assert checks <= found.entries
