"""A result as tables of pandas, which is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cd5flow.config.shipped import list_protocols, protocol_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.eligibility import Eligibility, judge_eligibility
from cd5flow.criteria.patients import clinical_of
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import OptionError
from cd5flow.model.result import Result

if TYPE_CHECKING:
    import pandas as pd


def table_of(
    result: Result, table: str = "populations", *, protocol: str | None = None
) -> pd.DataFrame:
    """Return one table of a result; unknown numbers are NaN, unknown answers None.

    Args:
        result: the result.
        table: `populations`, `quality`, `answers` or `criteria`.
        protocol: of `criteria`, where the result was judged by a laboratory's own: its file.

    Raises:
        OptionError: no such table; or the protocol is not the result's.
        ProtocolError: the protocol has faults, or lists no criteria.
    """
    if table not in TABLES:
        raise OptionError(f"table: found {table!r}, expected {', '.join(TABLES)}")
    if protocol is not None and table != "criteria":
        raise OptionError(f"protocol: found with table {table!r}, expected it with criteria")
    columns, rows = TABLES[table]
    return _frame(rows(result, protocol), columns)


def criteria_of(result: Result, protocol: str | None = None) -> Eligibility:
    """Return every criterion of a result's protocol, by what is known of its patient.

    Args:
        result: with the clinic's facts that it was made with, if any.
        protocol: the protocol's file, where it does not come with cd5flow.

    Raises:
        OptionError: the protocol is not the one that the result was judged by.
        ProtocolError: it has faults, or lists no criteria.
    """
    loaded = _protocol_of(result, protocol)
    return judge_eligibility([result], protocol=loaded, clinical=clinical_of(result, None))


def _protocol_of(result: Result, given: str | None) -> Loaded[Protocol]:
    name = result.protocol.name
    if given is None and name not in list_protocols():
        raise OptionError(
            f"protocol: the result is of {name!r}, which does not come with cd5flow, expected its file"
        )
    loaded = load_protocol(protocol_file(name if given is None else given))
    if loaded.sha256 != result.protocol.sha256:
        raise OptionError(
            f"protocol: {loaded.path.name} has SHA-256 {loaded.sha256[:12]}, expected "
            f"{result.protocol.sha256[:12]}, by which the result was judged"
        )
    return loaded


def _frame(rows: Iterator[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table whose columns have the same types, whatever is in them."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    table = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in table], dtype=kind)
            for name, kind in columns.items()
        }
    )


_POPULATIONS: Final = {
    "name": "object",
    "path": "object",
    "parent": "object",
    "events": "int64",
    "percent_of_parent": "float64",
    "percent_of_denominator": "float64",
}
_QUALITY: Final = {
    "code": "object",
    "state": "object",
    "value": "float64",
    "unit": "object",
    "warn": "float64",
    "fail": "float64",
    "message": "object",
}
_ANSWERS: Final = {
    "question": "object",
    "state": "object",
    "percent": "float64",
    "low": "float64",
    "high": "float64",
    "events": "Int64",
    "of_events": "Int64",
    "reasons": "object",
}
_CRITERIA: Final = {
    "id": "object",
    "text": "object",
    "satisfied": "object",
    "source": "object",
    "evidence": "object",
    "missing": "object",
}


def _population_rows(result: Result, _: str | None) -> Iterator[dict[str, Any]]:
    for one in result.populations:
        yield one.model_dump(include=set(_POPULATIONS))


def _quality_rows(result: Result, _: str | None) -> Iterator[dict[str, Any]]:
    for one in result.quality.checks:
        row = one.model_dump(mode="json", by_alias=True)
        yield {name: row[name] for name in _QUALITY}


def _answer_rows(result: Result, _: str | None) -> Iterator[dict[str, Any]]:
    cd5, burden, criterion = result.cd5, result.burden, result.criterion
    for question, of, events, whole in (
        ("cd5", cd5, cd5.positive_events, cd5.blast_events),
        ("burden", burden, burden.blast_events, burden.denominator_events),
    ):
        low, high = of.ci95_percent or (None, None)
        yield {
            "question": question,
            "state": of.state.value,
            "percent": of.percent,
            "low": low,
            "high": high,
            "events": events,
            "of_events": whole,
            "reasons": tuple(map(str, of.reasons)),
        }
    yield dict.fromkeys(_ANSWERS) | {
        "question": "criterion",
        "state": criterion.state.value,
        "reasons": tuple(map(str, criterion.reasons)),
    }


def _criteria_rows(result: Result, protocol: str | None) -> Iterator[dict[str, Any]]:
    for one in criteria_of(result, protocol).criteria:
        yield {
            "id": one.id,
            "text": one.text,
            "satisfied": one.satisfied,
            "source": one.source,
            "evidence": tuple(map(str, one.evidence)),
            "missing": one.missing,
        }


Rows = Callable[[Result, str | None], Iterator[dict[str, Any]]]

TABLES: Final[Mapping[str, tuple[Mapping[str, str], Rows]]] = {
    "populations": (_POPULATIONS, _population_rows),
    "quality": (_QUALITY, _quality_rows),
    "answers": (_ANSWERS, _answer_rows),
    "criteria": (_CRITERIA, _criteria_rows),
}
"""Table to its columns with their types, and its rows."""
