"""Smaller tables of the code: columns of tables that are written, exit codes, Python names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import cd5flow
import cd5flow.cli
import cd5flow.errors
from cd5flow.analysis.options import OPTIONS, TubeOptions
from cd5flow.batch.summary_columns import COLUMNS as SUMMARY
from cd5flow.report.flat import COLUMNS as EXPORT
from cd5flow_site.markdown import code, heading, plain, table

_EXIT: Final = re.compile(r"(\d+) ([^;.]+)")


def export_columns() -> str:
    """Return the columns of `cd5flow export --format csv`."""
    return table(("column", "holds"), ((code(name), plain(said)) for name, said in EXPORT.items()))


def summary_columns() -> str:
    """Return the columns of a batch's summary."""
    return table(("column", "holds"), ((code(one.name), plain(one.means)) for one in SUMMARY))


def exit_codes() -> str:
    """Return the exit codes of every command."""
    _, _, said = (cd5flow.cli.__doc__ or "").partition("Exit codes:")
    return table(("exit code", "means"), ((n, plain(what)) for n, what in _EXIT.findall(said)))


def errors() -> str:
    """Return the tree of what is raised on purpose."""
    _, _, rest = (cd5flow.errors.__doc__ or "").partition("::\n")
    tree, _, after = rest.partition("\nEvery class")
    lines = "\n".join(line.removeprefix("    ") for line in tree.strip("\n").split("\n"))
    return f"```text\n{lines}\n```\n\nEvery class{after}"


def python_names() -> str:
    """Return the functions of `import cd5flow`, and what may be said of a tube."""
    return "\n".join(_python_names())


def _python_names() -> Iterator[str]:
    for name in ("analyze", "pool", "read_fcs"):
        function: Any = getattr(cd5flow, name)
        yield heading(3, code(f"cd5flow.{name}"))
        yield f"```python\n{name}{inspect.signature(function)}\n```\n"
        for paragraph in inspect.getdoc(function).split("\n\n"):  # type: ignore[union-attr] # has one
            title, _, body = paragraph.partition("\n")
            if title in {"Args:", "Raises:", "Returns:"}:
                yield f"{title.rstrip(':')}\n"
                yield "\n".join(
                    f"- {plain(one)}" for one in re.split(r"\n(?! )", inspect.cleandoc(body))
                )
                yield ""
            else:
                yield plain(paragraph) + "\n"
    yield heading(3, code("cd5flow.TubeOptions"))
    yield plain(TubeOptions.__doc__ or "") + "\n"
    rows = ((code(name), plain(option.help)) for name, option in OPTIONS.items())
    yield table(("argument", "is"), rows)
