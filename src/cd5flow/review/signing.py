"""Signing a sample: the rules held, the signature in the ledger, and the folder written anew after it.

The order is that of what may be lost. First the signature's row: from then on it is signed. Then the
folder, whole, with the review in result and reports. Last a row with the SHA-256 of every file. What ends
in between, `verify` finds, and whoever signs next completes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cd5flow.batch.run import OWN
from cd5flow.config.atomic import recover_folder, writing
from cd5flow.config.lock import hold
from cd5flow.errors import LedgerError, SigningError
from cd5flow.model.result import CriterionState, Result
from cd5flow.model.result_file import load_result
from cd5flow.report.folder import RESULT
from cd5flow.review.findings import Fault
from cd5flow.review.ledger_check import check_ledger
from cd5flow.review.sample_check import analysed_by, check_sample
from cd5flow.review.signed_files import folder_hashes, rewrite
from cd5flow.signatures.acts import Act, ActKind, Meaning
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.rules import refusal
from cd5flow.signatures.standing import Standing, standing
from cd5flow.signatures.users import Users

ASIDE: Final = "signing"
"""Folder beside the batch's own in which a sample's new folder is filled."""

_PATIENCE: Final = 30.0
"""Seconds to wait for another signature or a batch to end; a report is printed in one or two."""

_DIGITS: Final = re.compile(r"[0-9a-f]{8,64}")
_LONGEST_COMMENT: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person says with a signature.

    Attributes:
        meaning: what was done.
        digest: the first eight digits of the result's, or more of them, as the report shows them.
        comment: empty where there is none.
        criterion: what the person decides of the criterion; None where nothing.
    """

    meaning: Meaning
    digest: str
    comment: str = ""
    criterion: CriterionState | None = None

    def __post_init__(self) -> None:
        if not _DIGITS.fullmatch(self.digest.lower()):
            raise SigningError(
                f"digest: found {self.digest!r}, expected the first eight digits of the result's, "
                "which stand on page one of its report"
            )
        if len(self.comment) > _LONGEST_COMMENT or not self.comment.replace("\n", "").isprintable():
            raise SigningError(f"comment: expected up to {_LONGEST_COMMENT:,} printable characters")
        if self.criterion not in {None, CriterionState.MET, CriterionState.NOT_MET}:
            raise SigningError(f"criterion: found {self.criterion}, expected MET or NOT_MET")
        if self.criterion is not None and self.meaning is Meaning.REJECTED:
            raise SigningError("criterion: whoever rejects a result decides nothing by it")


def sign(
    results: Path, sample: str, key: UnlockedKey, statement: Statement, users: Users
) -> Standing:
    """Sign a sample's result as it stands, and write its folder anew.

    A signature that a crash left without its files is brought to its end first; where it is the same
    person's with the same meaning, that is all.

    Args:
        results: the results folder.
        sample: the sample's folder in it.
        key: of who signs.
        statement: what they say.
        users: who may sign; read again before it is used.

    Raises:
        SigningError: the digest is not the result's, or the person may not sign this.
        LedgerError: the sample or the ledger was changed since it was written.
        OutputError: something cannot be written; what was recorded stays, and signing again completes it.
        InputError: the result or its report cannot be read.
    """
    folder = results / sample
    with _alone(results, folder), Ledger.open(results / LEDGER) as ledger:
        result = _meant(folder, statement.digest)
        _check_whole(results, folder, ledger, users)
        before = _standing(ledger, sample, result, users)
        if before.pending is not None:
            pending = before.pending
            before = _complete(ledger, folder, result, before, key)
            if pending.user == key.user and pending.meaning is statement.meaning:
                return before
        _record(ledger, folder, result, key, statement=statement, users=users)
        return _complete(ledger, folder, result, _standing(ledger, sample, result, users), key)


def complete(results: Path, sample: str, key: UnlockedKey, *, users: Users) -> Standing:
    """Bring a signature to its end that a crash left without its files; nothing is signed.

    Raises:
        LedgerError: the sample or the ledger was changed since it was written.
        OutputError: something cannot be written.
        InputError: the result or its report cannot be read.
    """
    folder = results / sample
    with _alone(results, folder), Ledger.open(results / LEDGER) as ledger:
        result = load_result(folder / RESULT).result
        _check_whole(results, folder, ledger, users)
        return _complete(ledger, folder, result, _standing(ledger, sample, result, users), key)


@contextmanager
def _alone(results: Path, folder: Path) -> Iterator[None]:
    """Keep batches and other signatures out, and put back what one that was killed took away."""
    own = results / OWN
    with hold(own, other="another process", patience=_PATIENCE):
        with writing(folder):
            recover_folder(folder)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (own / ASIDE).rmdir()


def _meant(folder: Path, digits: str) -> Result:
    """Return the result that is to be signed.

    Raises:
        SigningError: its digest does not begin with these digits.
    """
    found = load_result(folder / RESULT)
    if not found.is_whole:
        raise LedgerError(f"{found.name}: {found.digest_fault}")
    digest = found.content_digest
    if not digest.startswith(digits.lower()):
        raise SigningError(
            f"digest: found {digits}, but the result's begins with {digest[:8]}: another version was "
            "looked at; open its report and sign what it shows"
        )
    return found.result


def _check_whole(results: Path, folder: Path, ledger: Ledger, users: Users) -> None:
    """Refuse to sign what verifying would find changed, but for a signature that is to be completed.

    Raises:
        LedgerError: something was changed; the message says what.
    """
    entries = ledger.entries()
    checked = check_sample(folder, entries, users=users)
    found = [*check_ledger(entries, users=users, results=results), *checked.findings]
    found = [one for one in found if one.fault is not Fault.UNFINISHED]
    if found:
        more = f" (and {len(found) - 1} more: cd5flow verify {results})" if len(found) > 1 else ""
        raise LedgerError(f"{folder.name}: cannot be signed, it was changed: {found[0]}{more}")


def _standing(ledger: Ledger, sample: str, result: Result, users: Users) -> Standing:
    entries = ledger.entries(sample)
    return standing(
        entries, sample, str(result.digest), amended=bool(result.overrides), users=users
    )


def _record(
    ledger: Ledger,
    folder: Path,
    result: Result,
    key: UnlockedKey,
    *,
    statement: Statement,
    users: Users,
) -> None:
    """Write the signature's row, if the rules still allow it in this moment.

    Raises:
        SigningError: they do not.
    """
    sample, files = folder.name, folder_hashes(folder)
    users.refresh()
    person = users.person(key.user)
    if person is None or not person.active or person.public != key.public:
        raise SigningError(f"user {key.user}: may not sign any more; sign in again")
    with ledger.writing() as add:
        now = _standing(ledger, sample, result, users)
        why = refusal(
            person.user,
            person.role,
            statement.meaning,
            earlier=now.completed().signatures,
            movers=analysed_by(result, now, users),
        )
        if why:
            raise SigningError(f"{sample}: {why}")
        values = {
            "digest": result.digest,
            "meaning": statement.meaning.value,
            "name": person.name,
            "role": person.role.value,
            "comment": statement.comment,
            "criterion": None if statement.criterion is None else statement.criterion.value,
            "strategy_approved": users.approval("strategy", result.strategy.sha256) is not None,
            "protocol_approved": users.approval("protocol", result.protocol.sha256) is not None,
            "users": {"entries": users.entries, "head": users.head},
            "files": files,
        }
        add(Act(ActKind.SIGNATURE, sample, values=values), key)


def _complete(
    ledger: Ledger, folder: Path, result: Result, now: Standing, key: UnlockedKey
) -> Standing:
    """Write the folder of a signature and then the row of its files; do nothing where that is done."""
    pending = now.pending
    if pending is None:
        return now
    then = now.completed()
    signed = result.model_copy(update={"review": then.section()})
    written = rewrite(folder, signed, aside=folder.parent / OWN / ASIDE)
    files = dict(pending.files) | written
    values = {"signature": pending.entry, "digest": now.digest, "files": files}
    ledger.append(Act(ActKind.FILES, folder.name, values=values), key)
    return replace(then, files=files)
