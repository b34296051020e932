"""The page of the command line, made of the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cd5flow_site.markdown import anchor, code, heading, plain, table

_AS_IT_IS: Final = "\b"
"""Click's mark before a paragraph whose lines stay as they are."""


def command_line_page(program: Any, *, level: int = 2) -> str:
    """Return every command with its arguments and options.

    Args:
        program: the click group that typer makes of the application.
        level: of the headings.
    """
    overview = table(
        ("command", "does"),
        (
            (f"[{code(name)}](#{anchor('command', name)})", plain(_first(command.help)))
            for name, command in program.commands.items()
        ),
    )
    return "\n".join([overview, *_told(program, "cd5flow", level)])


def _told(group: Any, path: str, level: int) -> Iterator[str]:
    for name, command in group.commands.items():
        called = f"{path} {name}"
        label = anchor("command", *called.split()[1:])
        yield heading(level, code(called), label)
        if hasattr(command, "commands"):
            yield plain(command.help or "") + "\n"
            yield from _told(command, called, level + 1)
        else:
            yield from _command(command, called)


def _command(command: Any, called: str) -> Iterator[str]:
    context = command.make_context(called, [], resilient_parsing=True)
    usage = " ".join([called, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    yield from _help(command.help or "")
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    if arguments:
        yield table(
            ("argument", "is"), ((code(_shown(one)), plain(one.help or "")) for one in arguments)
        )
    if options:
        yield table(
            ("option", "default", "is"),
            ((_flags(one), _default(one), plain(one.help or "")) for one in options),
        )


def _help(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith(_AS_IT_IS):
            title, _, lines = paragraph.lstrip(_AS_IT_IS + "\n").partition("\n")
            if lines:
                shown = "\n".join(line.removeprefix("  ") for line in lines.split("\n"))
                yield f"{plain(title)}\n\n```console\n{shown}\n```\n"
            else:
                yield plain(title) + "\n"
        else:
            yield plain(paragraph) + "\n"


def _first(text: str | None) -> str:
    return re.split(r"\n\s*\n", (text or "").strip())[0]


def _shown(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _flags(option: Any) -> str:
    flags = ", ".join(code(flag) for flag in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag or not option.metavar else " " + code(option.metavar)
    return flags + value + (" (repeat)" if option.multiple else "")


def _default(option: Any) -> str:
    if option.required:
        return "needed"
    default = option.default
    if default is None or default == "" or default is False or callable(default):
        return ""
    return "yes" if default is True else code(str(default))
