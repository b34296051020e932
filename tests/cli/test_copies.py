"""`deidentify`: a copy, and words about what it lacks that give no name away."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cd5flow.fcs import read_fcs
from support.fcs_factory import fcs

if TYPE_CHECKING:
    from support.command_line import Run

PERSON = "Qzxwv"
KEYWORDS = {
    "$OP": PERSON,
    "PATIENT ID": PERSON,
    "$DATE": "18-JUL-2014",
    "$BTIM": "09:00:00",
    "$ETIM": "09:01:00",
    "$P1S": f"CD5 {PERSON}",
    "$P2S": "CD45",
    PERSON: "1",
    f"PATIENT {PERSON}": "2",
    "PATH": f"a/{PERSON}/b",
    "$CYT": "C6",
}


@pytest.fixture
def tube(tmp_path: Path) -> Path:
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs([[1.0, 2.0], [3.0, 4.0]], keywords=KEYWORDS))
    return path


def test_what_went_is_said_without_a_name(cd5flow: Run, tube: Path) -> None:
    ran = cd5flow("deidentify", tube, "copy.fcs", fresh=True)
    assert (ran.code, ran.err) == (0, "")
    assert PERSON.casefold() not in ran.out.casefold()
    assert "copy.fcs: 2 events, DATA unchanged" in ran.out
    words = [line.split() for line in ran.out.splitlines()]
    assert ["removed", "$OP", "1", "a", "person", "of", "the", "laboratory"] in words
    assert ["removed", "*PATIENT*", "2", "the", "patient"] in words
    assert "(not listed)" in ran.out
    assert "Free text that an analysis needs stays: " in ran.out
    assert "Look at it: $P1S: the value of a keyword that was removed (the patient)" in ran.out


def test_the_copy_has_no_name_but_in_the_label_that_was_pointed_at(
    cd5flow: Run, tube: Path, tmp_path: Path
) -> None:
    assert cd5flow("deidentify", tube, "copy.fcs", "--remove", "$P1S").code == 0
    assert PERSON.encode() not in (tmp_path / "copy.fcs").read_bytes()
    assert read_fcs(tmp_path / "copy.fcs").events.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_report_as_json(cd5flow: Run, tube: Path, tmp_path: Path) -> None:
    ran = cd5flow("deidentify", tube, "copy.fcs", "--json")
    assert PERSON not in ran.out
    assert "tube" not in ran.out
    found = json.loads(ran.out)
    assert found["schema"] == "cd5flow.deidentification/1"
    assert found["dates"] == "removed"
    content = (tmp_path / "copy.fcs").read_bytes()
    assert found["sha256"] == hashlib.sha256(content).hexdigest()
    (one,) = found["data_sets"]
    data = content[int(content[26:34]) : int(content[34:42]) + 1]
    assert one["data_sha256"] == hashlib.sha256(data).hexdigest()
    changes = {change["entry"]: change for change in one["changes"]}
    assert changes["$OP"]["action"] == "removed"
    assert changes["$BTIM"]["action"] == "replaced"
    assert changes[None]["keywords"] >= 1
    assert "$PAR" in one["kept"]


def test_names_of_keywords_are_said_when_asked_for(cd5flow: Run, tube: Path) -> None:
    listed = cd5flow("deidentify", tube, "copy.fcs", "--names").out
    assert f"PATIENT {PERSON.upper()}" in listed
    shown = json.loads(cd5flow("deidentify", tube, "more.fcs", "--names", "--json").out)
    changes = {change["entry"]: change for change in shown["data_sets"][0]["changes"]}
    assert "PATIENT ID" in changes["*PATIENT*"]["names"]


def test_dates_are_removed_kept_or_moved(cd5flow: Run, tube: Path, tmp_path: Path) -> None:
    for options, acquired in [
        ((), None),
        (("--keep-dates",), "2014-07-18T09:00:00"),
        (("--shift-dates", "-18"), "2014-06-30T09:00:00"),
    ]:
        assert cd5flow("deidentify", tube, "copy.fcs", "--force", *options).code == 0
        assert read_fcs(tmp_path / "copy.fcs").acquired == acquired


@pytest.mark.parametrize(
    "options",
    [
        ("--keep-dates", "--shift-dates", "3"),
        ("--shift-dates", "0"),
        ("--shift-dates", "99999"),
        ("--rules", "absent.yaml"),
    ],
)
def test_wrong_wishes_are_wrong_usage(cd5flow: Run, tube: Path, options: tuple[str, ...]) -> None:
    ran = cd5flow("deidentify", tube, "copy.fcs", *options)
    assert ran.code == 2
    assert ran.complaint


def test_a_list_of_ones_own_is_used(cd5flow: Run, tube: Path, tmp_path: Path, root: Path) -> None:
    shipped = (root / "gating" / "deidentify.yaml").read_text("utf-8")
    (tmp_path / "own.yaml").write_text(
        shipped.replace("[$CYT], as: known_words", "[$CYT], as: count"), "utf-8"
    )
    assert cd5flow("deidentify", tube, "copy.fcs", "--rules", "own.yaml").code == 0
    assert "$CYT" not in read_fcs(tmp_path / "copy.fcs").keywords


def test_refusals_leave_everything_as_it_was(cd5flow: Run, tube: Path, tmp_path: Path) -> None:
    (tmp_path / "there.fcs").write_bytes(b"precious")
    (tmp_path / "none.fcs").write_bytes(b"no tube")
    for arguments, code, why in [
        ((tube, "there.fcs"), 1, "exists already"),
        ((tube, tube, "--force"), 2, "is the original"),
        (("none.fcs", "copy.fcs"), 1, "expected FCS"),
        (("gone.fcs", "copy.fcs"), 1, "no such file"),
    ]:
        ran = cd5flow("deidentify", *arguments)
        assert ran.code == code
        assert why in ran.complaint
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["none.fcs", "there.fcs", "tube.fcs"]
    assert (tmp_path / "there.fcs").read_bytes() == b"precious"


def test_a_name_that_is_the_originals_is_said(cd5flow: Run, tube: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ran = cd5flow("deidentify", tube, "out/tube.fcs")
    assert "The copy is called as the original" in ran.out
