from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.analysis.stored import read_result
from cd5flow.errors import Cd5FlowError, LedgerError, SigningError
from cd5flow.interop.fhir import status_of
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.review import signing
from cd5flow.review.findings import Fault
from cd5flow.review.signing import Statement, sign
from cd5flow.review.verifying import Verification, verify
from cd5flow.signatures.acts import Meaning
from cd5flow.signatures.users import Users
from support.review_factory import ANALYST, CLEAR, LOW, REVIEWER, Laboratory, laboratory, users_file
from support.tampering import OF_EVERY_FOLDER, SignedFolder, a_table

pytestmark = pytest.mark.usefixtures("quick_passwords")


def digest_in(out: Path, sample: str = CLEAR) -> str:
    return str(json.loads((out / sample / "result.json").read_text("utf-8"))["digest"])


def signs(
    lab: Laboratory, who: dict[str, str], meaning: Meaning, *, digest: str = "", comment: str = ""
) -> None:
    users = Users.load(lab.users)
    statement = Statement(meaning=meaning, digest=digest or digest_in(lab.out)[:8], comment=comment)
    sign(lab.out, CLEAR, users.sign_in(**who), statement, users)


def checked(lab: Laboratory, users: Path | None = None) -> Verification:
    return verify(lab.out, users=Users.load(users or lab.users), folders=[lab.tubes])


def signed_folder(lab: Laboratory) -> SignedFolder:
    return SignedFolder(lab.out, lab.tubes / f"{CLEAR}.fcs", CLEAR, LOW)


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    lab = laboratory(tmp_path_factory.mktemp("approved"))
    signs(lab, ANALYST, Meaning.ANALYSED)
    signs(lab, REVIEWER, Meaning.APPROVED, comment="agreed")
    return lab


@pytest.fixture
def lab(approved: Laboratory, tmp_path: Path) -> Laboratory:
    """A laboratory of its own for whoever changes something in it."""
    shutil.copytree(approved.out, tmp_path / "results")
    shutil.copytree(approved.tubes, tmp_path / "tubes")
    shutil.copy(approved.users, tmp_path / "users.jsonl")
    return Laboratory(tmp_path / "results", tmp_path / "tubes", tmp_path / "users.jsonl")


def test_two_people_make_a_result_final_and_everything_holds(approved: Laboratory) -> None:
    found = checked(approved)
    assert found.holds, found.findings
    assert (found.entries, found.identity_checked) == (4, True)
    review = read_result(approved.out / CLEAR / "result.json").review
    assert (review.state, review.by, review.comment) == ("confirmed", "Ann Reviewer", "agreed")
    assert [one.meaning for one in review.signatures] == ["analysed", "approved"]
    states = {one.sample: one.standing and one.standing.state for one in found.samples}
    assert states == {CLEAR: "confirmed", LOW: "unreviewed"}


def test_without_a_users_file_the_identity_is_not_checked(approved: Laboratory) -> None:
    found = verify(approved.out)
    assert found.holds
    assert not found.identity_checked


def test_a_signature_needs_the_digits_of_what_was_read(approved: Laboratory) -> None:
    with pytest.raises(SigningError, match="another version was looked at"):
        signs(approved, ANALYST, Meaning.REJECTED, digest="00000000")
    with pytest.raises(SigningError, match="first eight digits"):
        signs(approved, ANALYST, Meaning.REJECTED, digest="0000")


@pytest.mark.parametrize(("change", "fault"), OF_EVERY_FOLDER)
def test_every_change_of_what_was_signed_is_found(
    lab: Laboratory, change: Callable[[SignedFolder], None], fault: Fault
) -> None:
    change(signed_folder(lab))
    found = checked(lab)
    assert fault in {one.fault for one in found.findings}, found.findings


def test_a_ledger_made_anew_with_other_keys_is_found(lab: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    others = users_file(tmp_path / "others")
    found = checked(lab, others)
    assert {Fault.UNKNOWN_KEY, Fault.USERS} <= {one.fault for one in found.findings}


def test_what_was_changed_is_not_signed(lab: Laboratory) -> None:
    a_table(signed_folder(lab))
    with pytest.raises(LedgerError, match=r"cannot be signed, it was changed: FILE_CHANGED"):
        signs(lab, ANALYST, Meaning.REJECTED)


def test_a_signature_without_its_files_is_found_and_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = laboratory(tmp_path)

    def crash(*_: object, **__: object) -> dict[str, str]:
        raise Cd5FlowError("the machine went off")

    with monkeypatch.context() as patch:
        patch.setattr(signing, "rewrite", crash)
        with pytest.raises(Cd5FlowError, match="went off"):
            signs(lab, ANALYST, Meaning.ANALYSED)
    assert [one.fault for one in checked(lab).findings] == [Fault.UNFINISHED]
    signs(lab, ANALYST, Meaning.ANALYSED)
    found = checked(lab)
    assert found.holds, found.findings
    assert found.entries == 2


def test_what_took_nothing_s_place_is_final_and_not_corrected(approved: Laboratory) -> None:
    review = read_result(approved.out / CLEAR / "result.json").review
    assert (status_of(review), review.replaces) == ("final", None)


def test_a_signed_result_is_replaced_with_a_reason_alone(lab: Laboratory) -> None:
    settings = make_settings(
        strategy=lab.tubes / "small.yaml",
        spillover="hardware",
        timepoint="diagnosis",
        specimen="bone_marrow",
    )
    other = analyse_tube(lab.tubes / f"{CLEAR}.fcs", settings)
    signed = digest_in(lab.out)
    kept = write_sample(other, lab.out, outputs=WantedOutputs(report=False))
    assert not kept.changed
    assert "signed as approved by Ann Reviewer (entry 3)" in kept.kept_by
    assert digest_in(lab.out) == signed
    wanted = WantedOutputs(extent="short", supersede="wrong time point")
    written = write_sample(other, lab.out, outputs=wanted)
    assert written.changed
    page = (lab.out / CLEAR / "report.html").read_text("utf-8")
    assert "Replaces version 1: report CD5F-" in page
    assert "by Ann Reviewer). Changed: " in page
    assert "Reason: wrong time point" in page
    assert written.previous is not None
    found = checked(lab)
    assert found.holds, found.findings
    replacing = lab.out / CLEAR / "result.json"
    assert status_of(read_result(replacing).review) == "preliminary"
    signs(lab, ANALYST, Meaning.ANALYSED)
    assert status_of(read_result(replacing).review) == "preliminary"
    signs(lab, REVIEWER, Meaning.APPROVED)
    review = read_result(replacing).review
    assert (review.state, review.replaces) == ("confirmed", signed)
    assert status_of(review) == "corrected"
    assert checked(lab).holds
    # What it replaces still stands in a report that was printed again with signatures.
    assert "Reason: wrong time point" in (lab.out / CLEAR / "report.html").read_text("utf-8")
    earlier = json.loads((written.previous / "result.json").read_text("utf-8"))
    assert (earlier["digest"], earlier["review"]["state"]) == (signed, "confirmed")
