"""`cd5flow users`, `sign` and `verify`: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.cli.commands.habits import register
from cd5flow.cli.commands.parameters import Json

UsersFile = Annotated[
    Path | None,
    typer.Option("--users", metavar="FILE", help="Who may sign; absent is the user's own file."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Holds the password in its first line; absent asks for it."),
]
By = Annotated[str | None, typer.Option("--by", metavar="ID", help="The reviewer who does it.")]
ByPasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Holds the reviewer's password; absent asks for it."),
]

users = typer.Typer(
    help="Users: who may sign, and with which role.", no_args_is_help=True, rich_markup_mode=None
)


@register(users, "add")
def add(
    user: Annotated[str, typer.Argument(metavar="ID", help="As they sign in.")],
    *,
    name: Annotated[str, typer.Option(help="As it is printed on reports.")],
    role: Annotated[str, typer.Option(metavar="analyst|reviewer", help="What they may sign.")],
    users_file: UsersFile = None,
    password_file: PasswordFile = None,
    by: By = None,
    by_password_file: ByPasswordFile = None,
) -> None:
    """Add a user, or give one who lost the password a new key.

    The first user is a reviewer and needs nobody; every later one is added by a reviewer.

    \b
    Examples:
      cd5flow users add director --name "Head of laboratory" --role reviewer
      cd5flow users add analyst1 --name "Analyst one" --role analyst --by director
    """
    from cd5flow.cli.signing import add_user

    add_user(
        user,
        name=name,
        role=role,
        file=users_file,
        password_file=password_file,
        by=by,
        by_password_file=by_password_file,
    )


@register(users, "list")
def list_all(*, users_file: UsersFile = None) -> None:
    """List the users, with role and whether they may sign now."""
    from cd5flow.cli.signing import list_users

    list_users(users_file)


@register(users, "disable")
def disable(
    user: Annotated[str, typer.Argument(metavar="ID", help="Who may not sign any more.")],
    *,
    users_file: UsersFile = None,
    by: By = None,
    by_password_file: ByPasswordFile = None,
) -> None:
    """Take the right to sign from a user; what they signed stays signed."""
    from cd5flow.cli.signing import disable_user

    disable_user(user, file=users_file, by=by, by_password_file=by_password_file)


def sign(
    result: Annotated[
        Path | None,
        typer.Argument(metavar="[RESULT]", help="A sample's result.json, or its folder."),
    ] = None,
    *,
    user: Annotated[str, typer.Option(metavar="ID", help="Who signs.")],
    meaning: Annotated[
        str | None,
        typer.Option(metavar="analysed|reviewed|approved|rejected", help="What is said with it."),
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option(metavar="FIRST8", help="The eight digits on page one of the report."),
    ] = None,
    comment: Annotated[str, typer.Option(help="Printed with the signature.")] = "",
    criterion: Annotated[
        str | None,
        typer.Option(metavar="MET|NOT_MET", help="What the person decides of the criterion."),
    ] = None,
    strategy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Approve this strategy or protocol instead of a result."),
    ] = None,
    users_file: UsersFile = None,
    password_file: PasswordFile = None,
) -> None:
    """Sign a result as it stands; its report, result and FHIR follow.

    `approved` makes a report final. It needs a reviewer, and another person's `analysed` or
    `reviewed` first. `rejected` is said on every page.

    \b
    Examples:
      cd5flow sign results/tube --user analyst1 --meaning analysed --digest 1a2b3c4d
      cd5flow sign results/tube --user director --meaning approved --digest 1a2b3c4d
      cd5flow sign --strategy my-panel.yaml --user director
    """
    from cd5flow.cli.signing import approve_rules, sign_result

    if strategy is not None:
        approve_rules(strategy, result, user=user, file=users_file, password_file=password_file)
        return
    sign_result(
        result,
        user=user,
        meaning=meaning,
        digest=digest,
        comment=comment,
        criterion=criterion,
        file=users_file,
        password_file=password_file,
    )


def verify(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="A results folder, or an archive of export.")
    ],
    *,
    users_file: UsersFile = None,
    input_: Annotated[
        list[Path] | None,
        typer.Option("--input", metavar="FOLDER", help="Look for the tubes here too; repeat."),
    ] = None,
    json: Json = False,
) -> None:
    """Tell for every sample whether result, reports, ledger and tube are what was written and signed.

    It needs no password. Exit code 1 where something differs.

    \b
    Examples:
      cd5flow verify results
      cd5flow verify results --users laboratory-users.jsonl --json
      cd5flow verify tube.zip
    """
    from cd5flow.cli.signing import verify_results

    verify_results(results, file=users_file, folders=input_ or [], json=json)
