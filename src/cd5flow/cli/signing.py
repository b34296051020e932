"""`cd5flow users`, `sign` and `verify`."""

from __future__ import annotations

import getpass
import json as json_text
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from cd5flow.cli.terminal import emit, say, show, table
from cd5flow.errors import FileAccessError, OptionError, SigningError
from cd5flow.model.opening import read_regular
from cd5flow.model.result import CriterionState
from cd5flow.signatures.acts import Meaning
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.places import default_users_file
from cd5flow.signatures.users import Users
from cd5flow.signatures.users_list import Approval, UserRole

if TYPE_CHECKING:
    from cd5flow.review.verifying import Verification

DIFFERS: Final = 1
_MAX_PASSWORD: Final = 10_000
_Word = TypeVar("_Word", bound=StrEnum)


def add_user(
    user: str,
    *,
    name: str,
    role: str,
    file: Path | None,
    password_file: Path | None,
    by: str | None,
    by_password_file: Path | None,
) -> None:
    """Add a user to the users file."""
    known = Users.load_or_begin(file or default_users_file())
    chosen = _word(UserRole, role, "role")
    reviewer = None if by is None else _sign_in(known, by, by_password_file)
    if reviewer is None and known.people:
        raise SigningError("by: is absent, expected the reviewer who adds this user (--by ID)")
    password = _password(password_file, f"Password of {user}", again=True)
    person = known.add(user, name=name, role=chosen, password=password, by=reviewer)
    show(f"{person.user}: {person.name}, {person.role.value}, in {known.path}")


def list_users(file: Path | None) -> None:
    """Print who may sign."""
    known = Users.load(file or default_users_file())
    rows = [("user", "name", "role", "may sign")]
    for one in known.people:
        state = "disabled" if one.disabled else "locked" if one.locked else "yes"
        rows.append((one.user, one.name, one.role.value, state))
    for line in table(rows):
        show(line)
    for approval in known.now.approvals.values():
        show(
            f"approved {approval.kind}: {approval.name} {approval.version}, SHA-256 {approval.sha256}"
        )


def disable_user(
    user: str, *, file: Path | None, by: str | None, by_password_file: Path | None
) -> None:
    """Take the right to sign from a user."""
    known = Users.load(file or default_users_file())
    if by is None:
        raise SigningError("by: is absent, expected the reviewer who does it (--by ID)")
    known.disable(user, by=_sign_in(known, by, by_password_file))
    show(f"{user}: disabled")


def sign_result(
    result: Path | None,
    *,
    user: str,
    meaning: str | None,
    digest: str | None,
    comment: str,
    criterion: str | None,
    file: Path | None,
    password_file: Path | None,
) -> None:
    """Sign a sample's result."""
    from cd5flow.review.batch_page import renew_overview  # noqa: PLC0415 - not for users and approvals
    from cd5flow.review.signing import Statement, sign  # noqa: PLC0415 - not for users and approvals

    if result is None:
        raise OptionError("result: is absent, expected a sample's folder or its result.json")
    if meaning is None or digest is None:
        absent = "meaning" if meaning is None else "digest"
        raise OptionError(f"{absent}: is absent, expected --{absent}")
    statement = Statement(
        meaning=_word(Meaning, meaning, "meaning"),
        digest=digest,
        comment=comment,
        criterion=None if criterion is None else _word(CriterionState, criterion, "criterion"),
    )
    if not result.is_dir() and result.name != "result.json":
        # Whatever lies beside a result is not what a person read.
        raise FileAccessError(f"{result}: expected a sample's folder or its result.json")
    folder = (result if result.is_dir() else result.parent).absolute()
    if not (folder / "result.json").is_file():
        raise FileAccessError(f"{folder}: found no result.json")
    known = Users.load(file or default_users_file())
    key = _sign_in(known, user, password_file)
    now = sign(folder.parent, folder.name, key, statement, known)
    show(
        f"{folder.name}: {statement.meaning.value} by {key.name}, entry "
        f"{now.signatures[-1].entry}; now {now.state}"
    )
    stale = renew_overview(folder.parent)
    if stale:
        say(f"index.html does not say so yet: {stale}", style="look")


def approve_rules(
    rules: Path,
    result: Path | None,
    *,
    user: str,
    file: Path | None,
    password_file: Path | None,
) -> None:
    """Record that the laboratory uses a strategy or protocol."""
    from cd5flow.config.shipped import protocol_file, strategy_file  # noqa: PLC0415
    from cd5flow.criteria.protocol import load_protocol  # noqa: PLC0415 - dear to import
    from cd5flow.errors import ProtocolError, StrategyError  # noqa: PLC0415
    from cd5flow.gating.strategy import load_strategy  # noqa: PLC0415 - dear to import

    if result is not None:
        raise OptionError("strategy: approves a file of rules; leave the result out")
    try:
        strategy = load_strategy(strategy_file(str(rules)))
        approval = Approval(
            "strategy", strategy.value.name, strategy.value.version, strategy.sha256
        )
    except StrategyError as fault:
        try:
            protocol = load_protocol(protocol_file(str(rules)))
        except ProtocolError:
            raise fault from None
        approval = Approval(
            "protocol", protocol.value.name, protocol.value.version, protocol.sha256
        )
    known = Users.load(file or default_users_file())
    known.approve(approval, by=_sign_in(known, user, password_file))
    show(f"approved {approval.kind}: {approval.name} {approval.version}, {approval.sha256}")


def verify_results(
    results: Path, *, file: Path | None, folders: Sequence[Path], json: bool
) -> None:
    """Print what holds and what does not; exit code 1 where something differs."""
    from cd5flow.review.archive_check import verify_archive  # noqa: PLC0415 - reports and results
    from cd5flow.review.verifying import verify  # noqa: PLC0415 - as above

    known = None if file is None else Users.load(file)
    if known is None and default_users_file().is_file():
        known = Users.load(default_users_file())
    if results.is_file():
        found = verify_archive(results, users=known)
    else:
        found = verify(results, users=known, folders=folders)
    if json:
        emit(json_text.dumps(found.plain(), ensure_ascii=False, indent=2) + "\n")
    else:
        _tell(found)
    if not found.holds:
        raise typer.Exit(DIFFERS)


def _tell(found: Verification) -> None:
    """Print what was found of each sample, of the ledger, and of all of it."""
    for one in found.samples:
        for note in one.notes:
            say(f"{one.sample}: {note}", style="look")
        for fault in one.findings:
            show(f"{one.sample}: {fault}", style="bad")
        if not one.findings and one.standing is not None:
            signed = len(one.standing.signatures)
            what = f"{signed} signature(s)" if signed else "unsigned: digest only"
            show(f"{one.sample}: holds, {one.standing.state}, {what}")
    for fault in found.ledger:
        show(f"ledger: {fault}", style="bad")
    if found.entries is not None and not found.identity_checked:
        show("identity not checked: no users file was given")
    show("everything holds" if found.holds else f"{len(found.findings)} thing(s) differ")


def _sign_in(known: Users, user: str, file: Path | None) -> UnlockedKey:
    return known.sign_in(user, _password(file, f"Password of {user}"))


def _password(file: Path | None, prompt: str, *, again: bool = False) -> str:
    """Return a password from the first line of a file, or typed on the terminal.

    Raises:
        FileAccessError: the file cannot be read.
        SigningError: it is empty, or was typed otherwise the second time.
    """
    if file is not None:
        try:
            text = read_regular(file, _MAX_PASSWORD).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise FileAccessError(f"{file}: cannot be read ({error})") from error
        password = text.splitlines()[0] if text else ""
    else:
        if not sys.stdin.isatty():
            raise SigningError(
                "password: there is no terminal to ask on; give --password-file FILE"
            )
        password = getpass.getpass(f"{prompt}: ")
        if again and getpass.getpass("Once more: ") != password:
            raise SigningError("password: was typed otherwise the second time")
    if not password:
        raise SigningError("password: is empty")
    return password


def _word(kind: type[_Word], text: str, name: str) -> _Word:
    try:
        return kind(text)
    except ValueError:
        expected = ", ".join(one.value for one in kind)
        raise SigningError(f"{name}: found {text!r}, expected {expected}") from None
