"""What a laboratory reads after a batch, made from the samples' folders alone.

`write_overview` may be called at any time and by itself: after a batch, after one that was
interrupted, or on folders that were collected from several.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cd5flow.batch.failures import FAILURES, Failure, read_failures
from cd5flow.batch.levey_jennings import ControlChart, chart_table, control_charts
from cd5flow.batch.outliers import BatchRules, find_outliers, load_batch_rules
from cd5flow.batch.page import Batch, overview_page
from cd5flow.batch.page_parts import link_to
from cd5flow.batch.results_folder import SampleEntry, read_results_folder
from cd5flow.batch.review_figures import review_figures
from cd5flow.batch.summary_columns import SUMMARY_COLUMNS
from cd5flow.batch.workbook import summary_workbook
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.config.shipped import batch_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.model.names import distinct_folder_name, folder_name
from cd5flow.report import numerals
from cd5flow.report.folder import RESULT
from cd5flow.report.tables import BETWEEN, Cell, csv_text

SUMMARY: Final = "summary.csv"
WORKBOOK: Final = "summary.xlsx"
INDEX: Final = "index.html"
CHARTS: Final = "levey_jennings.csv"
RUN: Final = "run.json"


@dataclass(frozen=True, slots=True)
class Overview:
    """What was written.

    Attributes:
        paths: the files.
        rows: of the summary.
        unreadable: folders whose ``result.json`` cannot be read; the page lists them too.
    """

    paths: tuple[Path, ...]
    rows: tuple[Mapping[str, Cell], ...]
    unreadable: tuple[Failure, ...]


def write_overview(
    out: Path,
    *,
    failures: Sequence[Failure] | None = None,
    run: Mapping[str, Any] | None = None,
    rules: Path | None = None,
) -> Overview:
    """Write ``summary.csv``, ``summary.xlsx`` and ``index.html``; each is replaced as a whole.

    Args:
        out: the results folder; every folder in it that holds a ``result.json`` is a sample.
        failures: samples without a result; None is those of its ``failures.csv``.
        run: what is said of the run, as ``run.json`` has it; None is its ``run.json``.
        rules: a file of the kind of ``gating/batch.yaml``; None is the one that comes with cd5flow.

    Raises:
        OutputError: the folder cannot be read, or one of the files cannot be written.
        StrategyError: the rules have faults.
    """
    loaded = load_batch_rules(batch_file() if rules is None else rules)
    apart_rules = loaded.value.apart
    listed = read_failures(out) if failures is None else tuple(failures)
    facts = _run_of(out) if run is None else run
    gathered = read_results_folder(
        out,
        apart_rules,
        over_time=loaded.value.over_time,
        failed=frozenset(name for failure in listed for name in _folders_of(failure.sample)),
    )
    entries = gathered.entries
    apart = find_outliers([entry.measured for entry in entries], apart_rules)
    rows = tuple(
        {**entry.row, "apart": BETWEEN.join(str(mark) for mark in marks)}
        for entry, marks in zip(entries, apart.marks, strict=True)
    )
    without = tuple(dict.fromkeys((*listed, *gathered.unreadable)))
    charts = _charts(entries, loaded.value)
    lines = tuple(_facts(facts, entries, loaded, without))
    workbook = summary_workbook(
        rows,
        without,
        facts=lines,
        links=[_link(entry) for entry in entries],
        made=_made(facts),
    )
    page = overview_page(
        Batch(
            out=out,
            source=str(facts.get("source") or out.resolve().name),
            when=_when(facts),
            entries=entries,
            apart=apart,
            rules=apart_rules,
            failures=without,
            facts=lines,
            notices=tuple(_notices(facts, entries, gathered.unreadable)),
            not_taken=tuple(_not_taken(facts)),
            charts=charts,
            over_time=loaded.value.over_time,
        )
    )
    made_from = [out / entry.folder / RESULT for entry in entries]
    record = [path for path in (out / FAILURES, out / RUN) if path.is_file()]
    mode = as_private_as([*made_from, *record])
    paths = (
        write_atomically(out / SUMMARY, csv_text(SUMMARY_COLUMNS, rows).encode(), mode=mode),
        write_atomically(out / WORKBOOK, workbook, mode=mode),
        *(
            (write_atomically(out / CHARTS, chart_table(charts).encode(), mode=mode),)
            if charts
            else ()
        ),
        write_atomically(out / INDEX, page.encode(), mode=mode),
    )
    return Overview(paths, rows, gathered.unreadable)


def _charts(entries: Sequence[SampleEntry], rules: BatchRules) -> tuple[ControlChart, ...]:
    if rules.over_time is None:
        return ()
    watched = [entry.watched for entry in entries if entry.watched is not None]
    return control_charts(watched, rules.over_time)


def _link(entry: SampleEntry) -> str | None:
    """Return the address of a sample's report; its path in the summary is not escaped."""
    report = entry.row["report"]
    if not isinstance(report, str):
        return None
    folder, _, name = report.partition("/")
    return link_to(folder, name)


def _run_of(out: Path) -> Mapping[str, Any]:
    """Return a results folder's ``run.json``; nothing where it cannot be read."""
    try:
        run = json.loads((out / RUN).read_bytes())
    except (OSError, ValueError):
        return {}
    return run if isinstance(run, dict) else {}


def _made(run: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(run.get("created"))).replace(tzinfo=None)
    except ValueError:
        return None


def _when(run: Mapping[str, Any]) -> str:
    """Return "Last run 2026-01-31 09:30:00 UTC, cd5flow 0.1.0"."""
    if not run.get("created"):
        return "The last run is not recorded"
    return f"Last run {numerals.moment(str(run['created']))}, cd5flow {run.get('cd5flow')}"


def _folders_of(sample_id: str) -> tuple[str, str]:
    """Return the folders that a sample may have: its own name's, or that with a digest."""
    return folder_name(sample_id), distinct_folder_name(sample_id)


def _facts(
    run: Mapping[str, Any],
    entries: Sequence[SampleEntry],
    rules: Loaded[BatchRules],
    failures: Sequence[Failure],
) -> Iterator[tuple[str, str]]:
    """Yield what is said of the run: first what was asked, then what the results say."""
    yield "Sheet or folder", str(run.get("source") or "not recorded")
    yield "Last run", str(run.get("created") or "not recorded")
    yield "Last run with", f"cd5flow {run.get('cd5flow') or 'not recorded'}"
    settings = run.get("settings")
    for name, value in settings.items() if isinstance(settings, Mapping) else ():
        yield f"Setting: {str(name).replace('_', ' ')}", _setting(value)
    yield "Samples", f"{len(entries)} with a result, {len(failures)} that failed"
    yield "Results made with", _counted(f"cd5flow {entry.row['cd5flow']}" for entry in entries)
    created = sorted(str(entry.row["created"]) for entry in entries)
    if created:
        yield "Results made", f"{created[0]} to {created[-1]}"
    yield "Strategies", _counted(str(entry.row["strategy"]) for entry in entries)
    yield "Protocols", _counted(str(entry.row["protocol"]) for entry in entries)
    yield "Review", _counted(str(entry.row["review_state"]) for entry in entries)
    file = rules.value
    yield "Tubes compared by", f"{file.name} {file.version}, SHA-256 {rules.sha256}"


def _setting(value: Any) -> str:
    if value is None or value in ([], {}, ""):
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _counted(words: Iterable[str]) -> str:
    counts = Counter(words)
    return "; ".join(f"{word} ({count})" for word, count in counts.most_common()) or "none"


def _not_taken(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield file and reason of what the run has left out."""
    listed = run.get("not_taken")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping):
            yield str(one.get("file")), str(one.get("reason"))


def _notices(
    run: Mapping[str, Any], entries: Sequence[SampleEntry], unreadable: Sequence[Failure]
) -> Iterator[str]:
    """Yield what must be known before anything is read."""
    if run.get("interrupted") or run.get("fault"):
        counts = run.get("counts")
        left = counts.get("not_finished") if isinstance(counts, Mapping) else None
        why = str(run.get("fault") or "it was interrupted")
        yield f"The last run ended before its end: {why}; samples not finished: {left}."
    alike = run.get("same_bytes")
    for ids in alike if isinstance(alike, list) else []:
        if isinstance(ids, list):
            yield f"The files of these samples hold the same bytes: {', '.join(map(str, ids))}."
    if unreadable:
        yield f"Folders whose result cannot be read: {len(unreadable)}; they are listed as failed."
    noted = sum(bool(entry.notes) for entry in entries)
    if noted:
        yield f"Samples that carry a note below their name: {noted}."
    unapproved = review_figures(entry.reviewed for entry in entries).unapproved
    if unapproved:
        yield f"Signed by rules that the laboratory had not approved: {', '.join(unapproved)}."
    protocols = {entry.row["protocol"] for entry in entries}
    if len(protocols) > 1:
        yield "The samples were judged by different protocols; states of CD5 and criterion differ in meaning."
    versions = {entry.row["cd5flow"] for entry in entries}
    if len(versions) > 1:
        yield "The results were made with different versions of cd5flow."
