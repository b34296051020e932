"""What somebody may do to a results folder after it was signed, and by which name verifying finds it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cd5flow.review.findings import Fault
from cd5flow.signatures.ledger import LEDGER


@dataclass(frozen=True)
class SignedFolder:
    """A results folder in which one sample was signed by two people.

    Attributes:
        out: the results folder.
        tube: the FCS file of the sample.
        sample: its folder's name.
        other: another sample's, which nobody signed.
    """

    out: Path
    tube: Path
    sample: str
    other: str

    @property
    def folder(self) -> Path:
        return self.out / self.sample

    @property
    def plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads((self.folder / "result.json").read_text("utf-8"))
        return plain

    def write(self, plain: dict[str, Any]) -> None:
        text = json.dumps(plain, ensure_ascii=False, indent=2)
        (self.folder / "result.json").write_text(text, "utf-8")

    def copied(self, to: Path) -> SignedFolder:
        """Return the same elsewhere, for whoever changes something in it."""
        shutil.copytree(self.out, to / "results")
        tube = Path(shutil.copy(self.tube, to / self.tube.name))
        return SignedFolder(to / "results", tube, self.sample, self.other)


def a_number(signed: SignedFolder) -> None:
    plain = signed.plain
    plain["cd5"]["blast_events"] += 1
    signed.write(plain)


def a_state(signed: SignedFolder) -> None:
    plain = signed.plain
    states = {"MEETS": "DOES_NOT_MEET"}
    plain["cd5"]["state"] = states.get(plain["cd5"]["state"], "MEETS")
    signed.write(plain)


def the_review(signed: SignedFolder) -> None:
    plain = signed.plain
    plain["review"]["by"] = "Somebody else"
    signed.write(plain)


def a_review_of_what_nobody_signed(signed: SignedFolder) -> None:
    path = signed.out / signed.other / "result.json"
    plain = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(plain | {"review": signed.plain["review"]}), "utf-8")


def a_table(signed: SignedFolder) -> None:
    path = signed.folder / "populations.csv"
    path.write_bytes(path.read_bytes() + b" ")


def a_picture(signed: SignedFolder) -> None:
    path = next(iter(sorted((signed.folder / "plots").glob("*.png"))))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def the_page(signed: SignedFolder) -> None:
    path = signed.folder / "report.html"
    text = path.read_text("utf-8")
    path.write_text(text.replace(signed.plain["digest"][:8], "00000000"), "utf-8")


def the_printed_report(signed: SignedFolder) -> None:
    path = signed.folder / "report.pdf"
    path.write_bytes(path.read_bytes() + b"%\n")


def a_file_taken(signed: SignedFolder) -> None:
    (signed.folder / "gates.xml").unlink()


def a_file_put(signed: SignedFolder) -> None:
    (signed.folder / "more.txt").write_text("more", "utf-8")


def the_sample_taken(signed: SignedFolder) -> None:
    shutil.rmtree(signed.folder)


def the_result_of_another(signed: SignedFolder) -> None:
    shutil.copy(signed.out / signed.other / "result.json", signed.folder / "result.json")


def forced(signed: SignedFolder, *statements: str) -> None:
    """Change the ledger as who knows how to take its triggers off."""
    connection = sqlite3.connect(signed.out / LEDGER)
    for name in ("update", "delete"):
        connection.execute(f"DROP TRIGGER ledger_no_{name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def a_row_changed(signed: SignedFolder) -> None:
    forced(signed, "UPDATE ledger SET at = '2020-01-01T00:00:00.000Z' WHERE entry = 1")


def a_row_taken(signed: SignedFolder) -> None:
    forced(signed, "DELETE FROM ledger WHERE entry = 2")


def the_end_cut(signed: SignedFolder) -> None:
    """Take out the approval, the newest signature, and all that follows."""
    forced(
        signed,
        "DELETE FROM ledger WHERE entry >= (SELECT max(entry) FROM ledger WHERE act = 'signature')",
    )


def the_ledger_taken(signed: SignedFolder) -> None:
    (signed.out / LEDGER).unlink()


def a_signature_by_no_key(signed: SignedFolder) -> None:
    forced(
        signed,
        "UPDATE ledger SET key = '', signature = '' WHERE entry = "
        "(SELECT max(entry) FROM ledger WHERE act = 'signature')",
    )


def the_tube(signed: SignedFolder) -> None:
    """Put another tube in the place that the batch recorded."""
    where = os.path.relpath(signed.tube, signed.out)
    place = {"path": where, "sha256": signed.plain["sample"]["sha256"]}
    (signed.out / "inputs.json").write_text(json.dumps([place]), "utf-8")
    signed.tube.write_bytes(signed.tube.read_bytes() + b" ")


Tampering = tuple[Callable[[SignedFolder], None], Fault]

OF_EVERY_FOLDER: Final[tuple[Tampering, ...]] = (
    (a_number, Fault.DIGEST),
    (a_state, Fault.DIGEST),
    (the_review, Fault.REVIEW),
    (a_review_of_what_nobody_signed, Fault.REVIEW),
    (a_table, Fault.FILE_CHANGED),
    (a_file_taken, Fault.FILE_MISSING),
    (a_file_put, Fault.FILE_ADDED),
    (the_sample_taken, Fault.SAMPLE_MISSING),
    (the_result_of_another, Fault.REPLACED),
    (a_row_changed, Fault.LEDGER_ROW),
    (a_row_taken, Fault.LEDGER_ROW),
    (the_end_cut, Fault.LEDGER_CUT),
    (the_ledger_taken, Fault.LEDGER_CUT),
    (a_signature_by_no_key, Fault.UNSIGNED_ACT),
    (the_tube, Fault.INPUT),
)
OF_REPORTS: Final[tuple[Tampering, ...]] = (
    (a_picture, Fault.FILE_CHANGED),
    (the_page, Fault.REPORT),
    (the_printed_report, Fault.FILE_CHANGED),
)
"""What only a folder with reports has."""
