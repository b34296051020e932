"""An archive holds what was signed, says how to check it, and shows every change."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cd5flow.errors import FileAccessError, LedgerError, OptionError
from cd5flow.review.archive import write_archive
from cd5flow.review.archive_check import verify_archive
from cd5flow.review.findings import Fault
from cd5flow.review.signing import Statement, sign
from cd5flow.review.verifying import Verification
from cd5flow.signatures.acts import Meaning
from cd5flow.signatures.users import Users
from support.review_factory import ANALYST, CLEAR, LOW, REVIEWER, Laboratory, laboratory, users_file

pytestmark = pytest.mark.usefixtures("quick_passwords")

if TYPE_CHECKING:
    from support.command_line import Run

Change = Callable[[bytes], bytes | None]


def signed(lab: Laboratory, sample: str, who: dict[str, str], meaning: Meaning) -> None:
    users = Users.load(lab.users)
    plain = json.loads((lab.out / sample / "result.json").read_text("utf-8"))
    statement = Statement(meaning=meaning, digest=plain["digest"][:8])
    sign(lab.out, sample, users.sign_in(**who), statement, users)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """Return a laboratory whose two samples were signed in turns, so that their acts lie mixed."""
    lab = laboratory(tmp_path_factory.mktemp("archive"))
    for who, meaning in ((ANALYST, Meaning.ANALYSED), (REVIEWER, Meaning.APPROVED)):
        for sample in (CLEAR, LOW):
            signed(lab, sample, who, meaning)
    return lab


@pytest.fixture(scope="module")
def archive(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("kept") / f"{CLEAR}.zip"
    write_archive(
        [lab.out / CLEAR / "result.json"],
        out,
        users=Users.load(lab.users),
        folders=[lab.tubes],
    )
    return out


def changed(archive: Path, to: Path, name: str, change: Change) -> Verification:
    """Verify a copy in which one file was changed, or left out."""
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(to, "w") as other:
        assert name in whole.namelist()
        for part in whole.namelist():
            content: bytes | None = whole.read(part)
            if part == name and content is not None:
                content = change(content)
            if content is not None:
                other.writestr(part, content)
    return verify_archive(to)


def faults(found: Verification) -> set[Fault]:
    return {one.fault for one in found.findings}


def test_an_archive_holds_by_itself_and_by_the_users_file(lab: Laboratory, archive: Path) -> None:
    for users in (None, Users.load(lab.users)):
        found = verify_archive(archive, users=users)
        assert found.holds, found.findings
        assert found.identity_checked is (users is not None)
        assert [(one.sample, one.standing and one.standing.state) for one in found.samples] == [
            (CLEAR, "confirmed")
        ]


def test_other_users_are_found(archive: Path, tmp_path: Path) -> None:
    found = verify_archive(archive, users=Users.load(users_file(tmp_path)))
    assert {Fault.UNKNOWN_KEY, Fault.USERS} <= faults(found)


def test_nothing_of_other_samples_and_no_secret_is_in_it(archive: Path) -> None:
    with zipfile.ZipFile(archive) as whole:
        texts = {
            name: whole.read(name).decode("utf-8", "replace")
            for name in whole.namelist()
            if not name.endswith(".fcs")
        }
    assert not [name for name, text in texts.items() if LOW in text]
    assert not [name for name, text in texts.items() if '"box"' in text or "salt" in text]
    people = json.loads(texts["keys.json"])["people"]
    assert {(one["user"], one["role"]) for one in people} == {
        ("ann", "reviewer"),
        ("bob", "analyst"),
    }


def test_its_readme_tells_how_to_check_it_with_other_programs(archive: Path) -> None:
    """What the README says, done with hashlib and an Ed25519 library alone."""
    with zipfile.ZipFile(archive) as whole:
        listed: dict[str, Any] = json.loads(whole.read("archive.json"))
        for name, told in listed["files"].items():
            assert hashlib.sha256(whole.read(name)).hexdigest() == told["sha256"]
        result = json.loads(whole.read(f"results/{CLEAR}/result.json"))
        tube = whole.read(f"tubes/{result['sample']['sha256']}.fcs")
        lines = [json.loads(line) for line in whole.read("ledger.jsonl").splitlines()]
        keys = {one["user"]: one["keys"] for one in json.loads(whole.read("keys.json"))["people"]}
    assert hashlib.sha256(tube).hexdigest() == result["sample"]["sha256"]
    hashes = {line["entry"]: line["hash"] for line in lines}
    whole_ones = [line for line in lines if "signature" in line]
    names = ("entry", "at", "act", "subject", "user", "body", "key", "previous")
    for line in whole_ones:
        array = ["cd5flow.ledger/1", *(line[name] for name in names)]
        content = json.dumps(array, ensure_ascii=False, separators=(",", ":")).encode()
        key, signature = bytes.fromhex(line["key"]), bytes.fromhex(line["signature"])
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
        ends = content + b"\n" + line["signature"].encode()
        assert hashlib.sha256(ends).hexdigest() == line["hash"]
        assert line["previous"] == hashes.get(line["entry"] - 1, "")
        assert line["key"] in keys[line["user"]]
    meanings = [
        json.loads(one["body"])["meaning"] for one in whole_ones if one["act"] == "signature"
    ]
    assert meanings == ["analysed", "approved"]


def without_a_line(number: int) -> Change:
    def change(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        del lines[number]
        return b"".join(lines)

    return change


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        (
            f"results/{CLEAR}/result.json",
            lambda c: c.replace(b"MEETS", b"DOES_NOT_MEET", 1),
            Fault.DIGEST,
        ),
        (f"results/{CLEAR}/populations.csv", lambda c: c + b" ", Fault.FILE_CHANGED),
        (f"results/{CLEAR}/gates.xml", lambda _: None, Fault.FILE_MISSING),
        (f"results/{CLEAR}/result.json", lambda _: None, Fault.SAMPLE_MISSING),
        (
            "ledger.jsonl",
            lambda c: c.replace(b'"user": "bob"', b'"user": "ann"', 1),
            Fault.LEDGER_ROW,
        ),
        ("ledger.jsonl", without_a_line(0), Fault.LEDGER_ROW),
        ("ledger.jsonl", without_a_line(1), Fault.LEDGER_ROW),
        ("ledger.jsonl", without_a_line(-1), Fault.LEDGER_CUT),
        ("ledger.jsonl", lambda _: b"", Fault.LEDGER_CUT),
        ("ledger.jsonl", lambda c: c + b"[]\n", Fault.LEDGER_ROW),
        (
            "keys.json",
            lambda c: c.replace(b'"keys": [\n        "', b'"keys": [\n        "0', 1),
            Fault.UNKNOWN_KEY,
        ),
        ("keys.json", lambda _: None, Fault.ARCHIVE),
        ("README.txt", lambda c: c + b" ", Fault.ARCHIVE),
    ],
)
def test_every_change_is_found(
    archive: Path, tmp_path: Path, name: str, change: Change, fault: Fault
) -> None:
    assert fault in faults(changed(archive, tmp_path / "changed.zip", name, change))


@pytest.mark.parametrize("change", [lambda content: content[:-1] + b"\0", lambda _: None])
def test_another_tube_or_none_is_found(archive: Path, tmp_path: Path, change: Change) -> None:
    with zipfile.ZipFile(archive) as whole:
        (tube,) = [name for name in whole.namelist() if name.startswith("tubes/")]
    assert Fault.INPUT in faults(changed(archive, tmp_path / "changed.zip", tube, change))


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "/outside.txt", "results/../../outside.txt", "a\\..\\b", "C:/b", "a/"],
)
def test_an_archive_that_names_places_outside_of_it_is_refused(tmp_path: Path, name: str) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as whole:
        whole.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(FileAccessError, match="names "):
        verify_archive(bad)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip"]


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("archive.json", b"\0" * 50_000_000)
    with pytest.raises(FileAccessError, match="would unpack to"):
        verify_archive(bad)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"FCS3.1"])
def test_what_is_no_archive_is_told_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(FileAccessError, match="is no archive that can be read"):
        verify_archive(tmp_path / "bad.zip")


def test_an_empty_zip_is_no_archive_of_ours(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w"):
        pass
    with pytest.raises(FileAccessError, match=r"found no archive\.json"):
        verify_archive(tmp_path / "bad.zip")


def test_what_was_changed_or_has_no_tube_is_not_archived(lab: Laboratory, tmp_path: Path) -> None:
    out = tmp_path / "kept.zip"
    result = lab.out / CLEAR / "result.json"
    with pytest.raises(FileAccessError, match="an archive holds the tube"):
        write_archive([result], out)
    other = tmp_path / "results"
    shutil.copytree(lab.out, other)
    (other / CLEAR / "populations.csv").write_text("", "utf-8")
    with pytest.raises(LedgerError, match="cannot be archived: FILE_CHANGED"):
        write_archive([other / CLEAR / "result.json"], out, folders=[lab.tubes])
    with pytest.raises(OptionError, match="of one results folder"):
        write_archive([result, other / LOW / "result.json"], out, folders=[lab.tubes])
    assert not out.exists()


def test_the_command_writes_and_verifies_it(lab: Laboratory, cd5flow: Run, tmp_path: Path) -> None:
    said = ("--input", lab.tubes, "--users", lab.users)
    ran = cd5flow("export", lab.out, "--format", "archive", "--out", "both.zip", *said)
    assert (ran.code, ran.err) == (0, "")
    shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)
    checked = cd5flow("verify", "both.zip", "--users", lab.users)
    assert checked.code == 0, checked.out
    for line in (f"{CLEAR}: holds, confirmed, 2 signature(s)", f"{LOW}: holds", "everything holds"):
        assert line in checked.out
    refused = cd5flow("export", lab.out, "--format", "archive", *said)
    assert (refused.code, refused.out) == (2, "")
    assert "expected the archive's file (--out FILE.zip)" in refused.err
