"""Results that persons answer for are not replaced unasked."""

from __future__ import annotations

from pathlib import Path

from cd5flow.signatures.acts import Act, ActKind
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.standing import standing


def answered_for(out: Path, sample: str, digest: str) -> str:
    """Return who answers for one version of a sample's result; empty where nobody does.

    Args:
        out: the results folder.
        sample: the sample's folder in it.
        digest: of the result that lies there.
    """
    if not (out / LEDGER).is_file():
        return ""
    with Ledger.read(out / LEDGER) as ledger:
        now = standing(ledger.entries(sample), sample, digest).completed()
    if now.signatures:
        last = now.signatures[-1]
        return f"signed as {last.meaning.value} by {last.name} (entry {last.entry})"
    if now.movers:
        return f"a gate was moved in review by {', '.join(now.movers)}"
    return ""


def record_superseded(out: Path, sample: str, *, digest: str, earlier: str, why: str) -> None:
    """Record that a version that somebody answers for is replaced, and why.

    Raises:
        OutputError: it was not recorded; the earlier version stands.
    """
    values = {"digest": digest, "earlier": earlier, "reason": why}
    with Ledger.open(out / LEDGER) as ledger:
        ledger.append(Act(ActKind.SUPERSEDED, sample, values=values))
