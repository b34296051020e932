"""Who may sign what: held before a signature is taken, and again whenever one is verified."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cd5flow.signatures.acts import Meaning
from cd5flow.signatures.standing import Signature
from cd5flow.signatures.users_list import UserRole

ANALYSTS_SIGN = frozenset({Meaning.ANALYSED, Meaning.REJECTED})
"""What who is no reviewer may say with a signature."""


def refusal(
    user: str,
    role: UserRole,
    meaning: Meaning,
    *,
    earlier: Sequence[Signature],
    movers: Collection[str],
) -> str:
    """Return why a person may not sign one version of a result; empty where they may.

    Args:
        user: the id.
        role: of the person.
        meaning: what they would say.
        earlier: signatures under the same version.
        movers: ids of those who moved a gate that is in it: they have analysed it.
    """
    if role is not UserRole.REVIEWER and meaning not in ANALYSTS_SIGN:
        return f"user {user} is {role.value}, and {meaning.value!r} needs a reviewer"
    return _by_earlier(user, meaning, earlier) or _by_movers(user, meaning, earlier, movers)


def _by_earlier(user: str, meaning: Meaning, earlier: Sequence[Signature]) -> str:
    """Return why what was signed before stands against a signature."""
    for one in earlier:
        if one.meaning is Meaning.REJECTED:
            return f"this version was rejected by {one.name} (entry {one.entry})"
    for one in earlier:
        if one.user == user:
            return (
                f"user {user} has signed this version already, as {one.meaning.value} "
                f"(entry {one.entry}); a second signature needs another person"
            )
    for one in earlier:
        if one.meaning is Meaning.APPROVED and meaning is not Meaning.REJECTED:
            return f"this version is final: approved by {one.name} (entry {one.entry})"
    return ""


def _by_movers(
    user: str, meaning: Meaning, earlier: Sequence[Signature], movers: Collection[str]
) -> str:
    """Return why it stands against a signature who analysed, by signing or by moving a gate."""
    if user in movers and meaning in {Meaning.REVIEWED, Meaning.APPROVED}:
        return f"user {user} moved a gate of this version; {meaning.value!r} needs another person"
    looked = {Meaning.ANALYSED, Meaning.REVIEWED}
    others = {one.user for one in earlier if one.meaning in looked} | set(movers)
    if meaning is Meaning.APPROVED and not others - {user}:
        return "'approved' needs another person's 'analysed' or 'reviewed' first"
    return ""
