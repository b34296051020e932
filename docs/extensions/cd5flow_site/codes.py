"""Pages of codes and states, made of the catalogue of sentences and of the states themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cd5flow.model.catalogue import catalogue
from cd5flow.model.quality_limits import CheckCode
from cd5flow.report.wording import State, States, load_wording
from cd5flow_site.markdown import anchor, code, heading, plain, table

_BRACES: Final = re.compile(r"\{(\w+)(?:[:!][^{}]*)?\}")
_PLACE: Final = "\u2039{}\u203a"


def checks_page() -> str:
    """Return every quality check: its code, its name, and what it says of what it saw."""
    words = catalogue()
    rows = (
        (
            code(check),
            plain(words.checks.get(check, "")),
            _sentences(words.templates.get(check, {})),
        )
        for check in CheckCode
    )
    return table(("check", "name", "says"), rows)


def codes_page() -> str:
    """Return every other code with its short name and its sentences, by letter."""
    words = catalogue()
    checks = set(CheckCode)
    rows = (
        (code(one), plain(words.names.get(one, "")), _sentences(said))
        for one, said in sorted(words.templates.items())
        if one not in checks
    )
    return table(("code", "short name", "says"), rows)


def states_page(*, level: int = 2) -> str:
    """Return every word that a state of a result may be, what it means, and how reports print it.

    Args:
        level: of the headings.
    """
    english, chinese = load_wording("en").states, load_wording("zh").states
    parts = []
    for kind in States.model_fields:
        other: dict[str, State] = getattr(chinese, kind)
        rows = (
            (code(name), plain(state.means), plain(state.word), plain(other[name].word))
            for name, state in getattr(english, kind).items()
        )
        parts.append(heading(level, code(kind), anchor("states", kind)))
        parts.append(table(("in result.json", "means", "printed", "in Chinese"), rows))
    return "\n".join(parts)


def _sentences(said: Mapping[str, str]) -> str:
    return "<br>".join(
        plain(_BRACES.sub(lambda found: _PLACE.format(found[1]), one)) for one in said.values()
    )
