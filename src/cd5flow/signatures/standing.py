"""Where a sample stands: what was signed of which version of its result, and by whom.

It follows from the ledger alone. What a result.json says of its own review is never believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cd5flow.model.result import CriterionState, ReviewSection, SignatureSection
from cd5flow.signatures.acts import Act, ActKind, Entry, Meaning
from cd5flow.signatures.chain import is_signed
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import LABEL, Ledger
from cd5flow.signatures.users import Users
from cd5flow.signatures.users_list import UserRole

State = Literal["unreviewed", "confirmed", "amended", "rejected"]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature under one version of a result.

    Attributes:
        entry: of the ledger.
        user, name, role: who; name and role as they were then.
        meaning: what was said with it.
        at: when, UTC, ISO 8601.
        digest: of the result.
        comment: empty where there is none.
        criterion: what the person decided of the criterion; None where nothing.
        files: SHA-256 by path of what was in the sample's folder when it was signed.
        strategy_approved, protocol_approved: whether the laboratory had approved them then.
    """

    entry: int
    user: str
    name: str
    role: UserRole
    meaning: Meaning
    at: str
    digest: str
    comment: str
    criterion: CriterionState | None
    files: Mapping[str, str]
    strategy_approved: bool | None
    protocol_approved: bool | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one version of a sample's result stands.

    Attributes:
        sample: its folder.
        digest: of the result.
        amended: whether gates of it were drawn by a person.
        signatures: those that count, in the ledger's order.
        movers: users who moved a gate that is in this version; they have analysed it.
        files: SHA-256 of every file of the folder as the newest signature left them; None where
            nobody has signed, or the newest signature was not brought to its end.
        pending: the signature whose files were not recorded, as after a crash.
        replaces: digest of the approved version, or of the signed one that was superseded by
            request, that this one took the place of; empty where none.
    """

    sample: str
    digest: str
    amended: bool
    signatures: tuple[Signature, ...]
    movers: tuple[str, ...]
    files: Mapping[str, str] | None
    pending: Signature | None
    replaces: str = ""

    @property
    def state(self) -> State:
        """Whoever rejects is heard before whoever approves; one alone who analysed decides nothing."""
        meanings = {one.meaning for one in self.signatures}
        if Meaning.REJECTED in meanings:
            return "rejected"
        if Meaning.APPROVED in meanings:
            return "amended" if self.amended else "confirmed"
        return "unreviewed"

    def completed(self) -> Standing:
        """Return where it stands once the signature that is pending has been brought to its end."""
        if self.pending is None:
            return self
        return replace(self, signatures=(*self.signatures, self.pending), pending=None)

    @property
    def final(self) -> bool:
        """Whether the report is no draft any more."""
        return self.state in {"confirmed", "amended"}

    def section(self) -> ReviewSection:
        """Return what the result and its reports say of this."""
        deciding = {"rejected": Meaning.REJECTED}.get(self.state, Meaning.APPROVED)
        decided = [one for one in self.signatures if one.meaning is deciding]
        last = decided[-1] if decided else None
        newest = self.signatures[-1] if self.signatures else None
        criteria = [one.criterion for one in self.signatures if one.criterion is not None]
        return ReviewSection(
            state=self.state,
            by=None if last is None else last.name,
            at=None if last is None else last.at,
            comment=None if last is None or not last.comment else last.comment,
            criterion_state=criteria[-1] if criteria else None,
            strategy_approved=None if newest is None else newest.strategy_approved,
            protocol_approved=None if newest is None else newest.protocol_approved,
            signatures=tuple(
                SignatureSection(
                    user=one.user,
                    name=one.name,
                    role=one.role.value,
                    meaning=one.meaning.value,
                    at=one.at,
                    entry=one.entry,
                )
                for one in self.signatures
            ),
            replaces=(self.replaces or None) if self.signatures else None,
        )


def state_of(
    ledger: Ledger, sample: str, digest: str, *, amended: bool = False, users: Users | None = None
) -> Standing:
    """Return where one version of a sample's result stands.

    Args:
        ledger: of the results folder.
        sample: the sample's folder.
        digest: of its result; signatures under another version do not count.
        amended: whether the result has gates drawn by a person (`Result.overrides`).
        users: whose signatures count; None is everybody whose signature is of the key it names.
    """
    return standing(ledger.entries(sample), sample, digest, amended=amended, users=users)


def standing(
    entries: Sequence[Entry],
    sample: str,
    digest: str,
    *,
    amended: bool = False,
    users: Users | None = None,
) -> Standing:
    """Return where a version stands by rows that were read before; see `state_of`."""
    about = [one for one in entries if one.subject == sample and counts(one, users)]
    signed = [
        found
        for one in about
        if one.kind is ActKind.SIGNATURE and (found := signature_of(one)) is not None
    ]
    of_version = tuple(one for one in signed if one.digest == digest)
    recorded = {
        one.values.get("signature"): hashes(one.values.get("files"))
        for one in about
        if one.kind is ActKind.FILES and one.text("digest") == digest
    }
    open_ones = [one for one in of_version if one.entry not in recorded]
    last = of_version[-1] if of_version else None
    return Standing(
        sample=sample,
        digest=digest,
        amended=amended,
        signatures=tuple(one for one in of_version if one.entry in recorded),
        movers=tuple(_movers(about, digest)),
        files=None if last is None else recorded.get(last.entry),
        pending=open_ones[-1] if open_ones else None,
        replaces=_signed_before(entries, about, signed, sample, digest),
    )


def counts(entry: Entry, users: Users | None) -> bool:
    """Whether an act's signature is of the key it names and, of a known list, its user's."""
    row = entry.row
    if not is_signed(LABEL, row):
        return False
    if users is None:
        return True
    person = users.person(row.user)
    return person is not None and row.key in person.keys


def signature_of(entry: Entry) -> Signature | None:
    """Return the signature that a row records; None where it is none."""
    criterion = entry.text("criterion")
    try:
        return Signature(
            entry=entry.number,
            user=entry.user,
            name=entry.text("name"),
            role=UserRole(entry.text("role")),
            meaning=Meaning(entry.text("meaning")),
            at=entry.at,
            digest=entry.text("digest"),
            comment=entry.text("comment"),
            criterion=CriterionState(criterion) if criterion else None,
            files=hashes(entry.values.get("files")),
            strategy_approved=_told(entry.values.get("strategy_approved")),
            protocol_approved=_told(entry.values.get("protocol_approved")),
        )
    except ValueError:
        return None


def record_gate_move(
    ledger: Ledger,
    sample: str,
    override: Mapping[str, Any],
    user: UnlockedKey,
    why: str,
    *,
    digest: str,
    gate: str = "",
) -> Entry:
    """Record that a person moved a gate: the override as it stands now, with why.

    Args:
        ledger: of the results folder.
        sample: the sample's folder.
        override: an override file as JSON values, with all gates drawn so far.
        user: who moved it.
        why: may be empty while a handle is dragged, and is asked for before a version is written.
        digest: of the result that it was moved on.
        gate: the gate that was moved.

    Raises:
        OutputError: it was not recorded.
    """
    values = {"digest": digest, "gate": gate, "override": dict(override), "reason": why}
    return ledger.append(Act(ActKind.GATE_MOVED, sample, values=values), user)


def record_version(
    ledger: Ledger,
    sample: str,
    user: UnlockedKey,
    *,
    digest: str,
    earlier: str,
    moves: Iterable[Entry],
    why: str,
) -> Entry:
    """Record that a result was written anew with gates that persons moved: those have analysed it.

    Args:
        ledger: of the results folder.
        sample: the sample's folder.
        user: who had it written.
        digest: of the new result.
        earlier: digest of the one that it replaces.
        moves: the rows `GATE_MOVED` that are in it.
        why: the reason, as its override states it.

    Raises:
        OutputError: it was not recorded.
    """
    values = {
        "digest": digest,
        "earlier": earlier,
        "moves": [one.number for one in moves],
        "reason": why,
    }
    return ledger.append(Act(ActKind.VERSION, sample, values=values), user)


def hashes(value: object) -> dict[str, str]:
    """Return recorded SHA-256 by path; what is none is left out."""
    if not isinstance(value, dict):
        return {}
    return {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, str)}


def _signed_before(
    entries: Sequence[Entry],
    about: Sequence[Entry],
    signed: Sequence[Signature],
    sample: str,
    digest: str,
) -> str:
    """Return the newest version that a person answered for and this one took the place of; or empty.

    That is one that was approved, or signed at all where it was superseded by request; an analyst who
    moves a gate after signing "analysed" goes on with the same work. A version may have taken the
    place of one that nobody signed, and that one of a signed one.
    """
    asked = _replaced(
        one for one in entries if one.subject == sample and one.kind is ActKind.SUPERSEDED
    )
    drawn = _replaced(one for one in about if one.kind is ActKind.VERSION)
    with_any = {one.digest for one in signed}
    approved = {one.digest for one in signed if one.meaning is Meaning.APPROVED}
    seen = {digest}
    later = digest
    while before := asked.get(later) or drawn.get(later):
        if before in seen:
            break
        if before in (with_any if later in asked else approved):
            return before
        seen.add(before)
        later = before
    return ""


def _replaced(acts: Iterable[Entry]) -> dict[str, str]:
    """Return the digest of the earlier result by that of the one that replaced it."""
    return {one.text("digest"): one.text("earlier") for one in acts}


def _told(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _movers(about: Sequence[Entry], digest: str) -> Iterable[str]:
    """Return users whose moves are in a version, each once."""
    by_number = {one.number: one for one in about if one.kind is ActKind.GATE_MOVED}
    movers = []
    for one in about:
        if one.kind is ActKind.VERSION and one.text("digest") == digest:
            moves = one.values.get("moves")
            known = (
                [by_number[n] for n in moves if n in by_number] if isinstance(moves, list) else []
            )
            movers += [move.user for move in known]
    return dict.fromkeys(movers)
