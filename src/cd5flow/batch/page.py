"""``index.html``: every sample of a batch on one page that needs no other program and no network.

The page is whole without its script, which only sorts and filters. Its content security policy
allows its own style sheet and script, by their hashes, and pictures; nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cd5flow.batch import chart
from cd5flow.batch.chart_rows import chart_rule, control_chart_row
from cd5flow.batch.failures import Failure
from cd5flow.batch.levey_jennings import ControlChart
from cd5flow.batch.outliers import OutlierRules, Outliers, OverTimeRules
from cd5flow.batch.page_parts import (
    KEY,
    TITLES,
    Write,
    link_to,
    outlier_row,
    sample_row,
    state_cell,
    state_meanings,
    tone_of,
    visit_row,
)
from cd5flow.batch.results_folder import MAP, OVERLAY, SampleEntry
from cd5flow.batch.review_figures import figure_lines, review_figures
from cd5flow.batch.summary_row import STATES
from cd5flow.batch.templating import TEMPLATES, page_template
from cd5flow.batch.trend import Trend, trends
from cd5flow.report.fonts import Scribe
from cd5flow.report.webpage import data_url, digest, file_text
from cd5flow.report.wording import load_wording

EMBEDDED: Final = 400
"""Samples up to which small pictures are kept in the page, about 7 kB each; more are linked."""


_COLUMNS: Final = (
    ("Sample", "text", False),
    ("Patient", "text", False),
    ("Collected", "text", False),
    ("Review", "number", False),
    ("Criterion", "number", False),
    ("CD5", "number", False),
    ("CD5+ of blasts", "number", True),
    ("Burden", "number", False),
    ("Blasts", "number", True),
    ("Quality", "number", False),
    ("Apart", "number", False),
    ("CD45 / SSC", "", False),
    ("CD5 of blasts", "", False),
)
"""Title, what it is sorted by (nothing: not at all), whether its cells are numbers.

Reasons have no column: they stand in a row of their own, below these.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the page shows.

    Attributes:
        out: the results folder, in which the page lies.
        source: name of the sheet or folder that was worked through.
        when: the last run, with the version that did it.
        entries: samples with a result.
        apart: what comparing them gave, in the same order.
        rules: by which they were compared.
        failures: samples without a result.
        facts: what is said of the run, as heading and text.
        notices: what must be known before anything is read.
        not_taken: files that the run left out, with the reason.
        charts: values of the tubes over the months.
        over_time: by which they were watched; None where nothing was.
    """

    out: Path
    source: str
    when: str
    entries: Sequence[SampleEntry]
    apart: Outliers
    rules: OutlierRules
    failures: Sequence[Failure]
    facts: Sequence[tuple[str, str]]
    notices: Sequence[str] = ()
    not_taken: Sequence[tuple[str, str]] = ()
    charts: Sequence[ControlChart] = ()
    over_time: OverTimeRules | None = None


def overview_page(batch: Batch) -> str:
    """Return the page."""
    style, script = (file_text(TEMPLATES / f"overview.{kind}") for kind in ("css", "js"))
    linked = len(batch.entries) > EMBEDDED
    pictures = "data: 'self' file:" if linked else "data:"
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        f"img-src {pictures}; base-uri 'none'; form-action 'none'"
    )
    from markupsafe import Markup  # noqa: PLC0415 - with jinja2, only where a page is written

    return page_template("overview.html.j2").render(
        page=_page(batch, linked=linked),
        size={
            "width": chart.WIDTH,
            "height": chart.HEIGHT,
            "left": chart.LEFT,
            "right": chart.RIGHT,
            "cd5": chart.CD5[0],
            "foot": chart.CD5[1] + 2 * chart.STRIP,
        },
        policy=policy,
        # Both are files of this package, without a word from outside.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
    )


def _page(batch: Batch, *, linked: bool) -> dict[str, Any]:
    scribe = Scribe(typefaces=False)
    write: Write = scribe.write
    found = trends(entry.visit for entry in batch.entries if entry.visit is not None)
    anchors = {trend.patient: f"patient-{i}" for i, trend in enumerate(found, start=1)}
    pictures = list(_pictures(batch, linked=linked))
    rows = [
        sample_row(
            entry,
            marks,
            pictures=pictures[i],
            trend=anchors.get(entry.sample.patient_id or "", "") if entry.visit else "",
            write=write,
        )
        for i, (entry, marks) in enumerate(zip(batch.entries, batch.apart.marks, strict=True))
    ]
    return {
        "source": write(batch.source),
        "when": write(batch.when),
        "done": len(rows),
        "failed": len(batch.failures),
        "review": _review(batch.entries),
        "needs_person": sum(entry.row["needs_person"] == "yes" for entry in batch.entries),
        "notices": [write(notice) for notice in batch.notices],
        "questions": _questions(batch.entries),
        "columns": [
            {"title": title, "sort": sort, "number": number} for title, sort, number in _COLUMNS
        ],
        "rows": rows,
        "linked": linked,
        "failures": [
            {name: write(text) for name, text in asdict(failure).items()}
            for failure in batch.failures
        ],
        "not_taken": [(write(file), write(reason)) for file, reason in batch.not_taken],
        "trends": [_trend(trend, anchors[trend.patient], write) for trend in found],
        "key": KEY,
        "apart_rule": _apart_rule(batch.rules),
        "apart": [
            outlier_row(entry.sample.id, mark, write)
            for entry, marks in zip(batch.entries, batch.apart.marks, strict=True)
            for mark in marks
        ],
        "charts": [control_chart_row(one, write) for one in batch.charts],
        "chart_rule": chart_rule(batch.over_time),
        "kinds": [
            {
                "words": write(str(one.kind)),
                "tubes": one.tubes,
                "compared": one.values or "none: too few tubes",
            }
            for one in batch.apart.compared
        ],
        "meanings": [
            {"title": TITLES[column], "cell": state_cell(column, state), "means": means}
            for column, state, means in state_meanings(load_wording("en"))
        ],
        "figures": [
            (write(name), write(text))
            for name, text in figure_lines(review_figures(one.reviewed for one in batch.entries))
        ],
        "facts": [(name, write(text)) for name, text in batch.facts],
    }


def _apart_rule(rules: OutlierRules) -> str:
    return (
        "Tubes are compared with tubes of the same strategy, cytometer and panel, where at least "
        f"{rules.min_tubes} of them have the value. Marked are values more than "
        f"{rules.max_spreads:g} robust spreads (1.4826 × MAD) from their median. A mark asks a "
        "person to look; it changes no state and no number."
    )


def _review(entries: Sequence[SampleEntry]) -> dict[str, str]:
    """Return what stands at the head of the page on who has looked at the results."""
    states = Counter(str(entry.row["review_state"]) for entry in entries)
    open_ = states["unreviewed"]
    if open_ == len(entries):
        return {
            "word": "UNREVIEWED",
            "note": "no person has looked at these results yet",
            "tone": tone_of("review_state", "unreviewed"),
        }
    counted = ", ".join(f"{states[state]} {state}" for state in STATES["review_state"])
    return {
        "word": "PARTLY UNREVIEWED" if open_ else "REVIEWED",
        "note": counted,
        "tone": tone_of("review_state", "unreviewed" if open_ else "confirmed"),
    }


def _questions(entries: Sequence[SampleEntry]) -> list[dict[str, Any]]:
    """Return how many samples have each state, those that none has included."""
    return [
        {
            "name": column,
            "title": TITLES[column],
            "states": [
                {"cell": state_cell(column, state), "count": counts[state]} for state in states
            ],
        }
        for column, states in STATES.items()
        for counts in [Counter(entry.row[column] for entry in entries)]
    ]


def _trend(trend: Trend, anchor: str, write: Write) -> dict[str, Any]:
    first, last = (visit.moment for visit in (trend.visits[0], trend.visits[-1]))
    patient = write(trend.patient)
    tubes = len(trend.visits)
    span = f"{tubes} tubes from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return {
        "anchor": anchor,
        "patient": patient,
        "span": span,
        "differences": [write(line) for line in trend.differences],
        "chart": chart.chart_of(trend),
        "alt": f"Burden and CD5 of patient {patient}, {span}; the table below has the numbers.",
        "visits": [visit_row(visit, write) for visit in trend.visits],
    }


def _pictures(batch: Batch, *, linked: bool) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the two pictures of each sample, in the page or linked."""
    wanted = [
        (entry, name, what)
        for entry in batch.entries
        for name, what in ((MAP, "CD45 and side scatter"), (OVERLAY, "CD5 of the blasts"))
    ]
    if linked:
        shown = [_picture(batch.out, *one, linked=True) for one in wanted]
    else:
        # Pictures are read and scaled without holding Python's lock.
        with ThreadPoolExecutor(max_workers=4) as pool:
            shown = list(pool.map(lambda one: _picture(batch.out, *one, linked=False), wanted))
    yield from zip(shown[::2], shown[1::2], strict=True)


def _picture(
    out: Path, entry: SampleEntry, name: str, what: str, *, linked: bool
) -> dict[str, Any]:
    """Return a picture; without an address where there is none, or none that can be read."""
    if name not in entry.files:
        return {"src": ""}
    from cd5flow.plots.thumbnail import HEIGHT, thumbnail  # noqa: PLC0415 - Pillow is slow to load

    href = link_to(entry.folder, name)
    src = href
    if not linked:
        try:
            small = thumbnail((out / entry.folder / name).read_bytes())
        except (OSError, ValueError):
            return {"src": ""}
        src = data_url("image/webp", small)
    alt = f"{what}, {Scribe(typefaces=False).write(entry.sample.id)}"
    return {"src": src, "href": href, "alt": alt, "height": HEIGHT, "linked": linked}
