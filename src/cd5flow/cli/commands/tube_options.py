"""What may be said of a tube, as options of a command: made from `cd5flow.analysis.options`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import GenericAlias
from typing import Annotated, Any, TypeVar, cast

import typer

from cd5flow.analysis.option_words import identifier_pairs
from cd5flow.analysis.options import OPTIONS, Option, TubeOptions, flag
from cd5flow.errors import OptionError

Command = TypeVar("Command", bound=Callable[..., None])


def takes_tube_options(*, of_batch: bool = False) -> Callable[[Command], Command]:
    """Give a command the options of a tube beside its own; it gets them as ``**said``.

    Args:
        of_batch: only those that may be said of all tubes of a batch at once.
    """
    added = [
        _parameter(name, option)
        for name, option in OPTIONS.items()
        if flag(name) and (option.of_batch or not of_batch)
    ]

    def decorate(command: Command) -> Command:
        # typer reads a command's signature.
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        first = [p for p in own if p.kind is not p.KEYWORD_ONLY]
        rest = [p for p in own if p.kind is p.KEYWORD_ONLY]
        whole = signature.replace(parameters=[*first, *added, *rest])
        cast("Any", command).__signature__ = whole
        return command

    return decorate


def _parameter(name: str, option: Option) -> inspect.Parameter:
    kind: Any = GenericAlias(list, (option.kind,)) if option.is_repeated else option.kind
    written = typer.Option(flag(name), metavar=option.metavar, help=option.help)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=Annotated[kind if option.default is not None else kind | None, written],
    )


def words_of(said: Mapping[str, Any]) -> TubeOptions:
    """Return options as a command got them as keyword arguments of `make_settings`.

    Raises:
        OptionError: a control or a gate is written otherwise than ``KEY=VALUE``, or is given twice.
    """
    words = dict(said)
    words["prior_therapy"] = tuple(words["prior_therapy"] or ())
    words["map"] = _pairs(
        words["map"], "map", form="POPULATION=GATE such as blasts=Blasts", one="gate a population"
    )
    words["markers"] = _pairs(
        words.get("markers"),
        "marker",
        form="MARKER=CHANNEL such as CD5=PE-A",
        one="channel a marker",
    )
    if "identifiers" in words:
        words["identifiers"] = identifier_pairs(
            _pairs(
                words["identifiers"],
                "identifier",
                form="NAME=VALUE such as accession=A-123",
                one="value a name",
            )
        )
    if "controls" in words:
        words["controls"] = _pairs(
            words["controls"], "control", form="ROLE=FILE such as fmo=tube.fcs", one="file a role"
        )
    return cast("TubeOptions", words)


def _pairs(given: Sequence[str] | None, option: str, *, form: str, one: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise OptionError(f"{option}: found {text!r}, expected {form}")
        if key in pairs:
            raise OptionError(f"{option}: {key} is given twice, expected one {one}")
        pairs[key] = value
    return pairs
