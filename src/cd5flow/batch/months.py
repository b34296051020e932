"""Several batches over the months: control charts across them, and how often gates were drawn by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cd5flow.batch.chart_rows import chart_rule, control_chart_row
from cd5flow.batch.failures import Failure
from cd5flow.batch.frozen_reference import FrozenReference, freeze
from cd5flow.batch.levey_jennings import (
    ControlChart,
    Watched,
    chart_table,
    control_charts,
    series_of,
)
from cd5flow.batch.outliers import BatchRules, OverTimeRules, measure
from cd5flow.batch.results_folder import read_results
from cd5flow.batch.review_figures import ReviewFigures, review_figures, reviewed_sample
from cd5flow.batch.templating import TEMPLATES, page_template
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.errors import OptionError
from cd5flow.model.limits import IntervalMethod
from cd5flow.model.result import Result
from cd5flow.quantify.statistics import interval
from cd5flow.report.folder import RESULT
from cd5flow.report.fonts import Scribe
from cd5flow.report.tables import csv_text
from cd5flow.report.webpage import digest, file_text

INDEX: Final = "index.html"
CHARTS: Final = "levey_jennings.csv"
OVERRIDES: Final = "overrides.csv"
OVERRIDE_COLUMNS: Final = (
    "batch",
    "first_acquired",
    "last_acquired",
    "samples",
    "worked_on",
    "gates_drawn",
    "percent",
    "ci95_low",
    "ci95_high",
    "gates",
)


@dataclass(frozen=True, slots=True)
class MonthsBatch:
    """One results folder.

    Attributes:
        name: of the folder.
        results: how many; `unreadable` more cannot be read.
        first, last: when its first and last tube were acquired; empty where no tube says.
        figures: what persons did with it.
    """

    name: str
    results: int
    unreadable: int
    first: str
    last: str
    figures: ReviewFigures


@dataclass(frozen=True, slots=True)
class Months:
    """Several batches.

    Attributes:
        batches: in the order of their first tube.
        charts: of each watched value over all of them.
        own_reference: what `--freeze` keeps: the first tubes of each kind.
        repeated: tubes that lie in several batches under one strategy; the newest result counts.
        files: that all of it was made from.
    """

    batches: tuple[MonthsBatch, ...]
    charts: tuple[ControlChart, ...]
    own_reference: FrozenReference
    repeated: int
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Tube:
    batch: str
    result_key: tuple[str, object, str]
    created: str
    watched: Watched


def batch_folders(given: Sequence[Path]) -> tuple[Path, ...]:
    """Return the results folders among some folders: themselves, or those that they hold.

    Raises:
        OptionError: a folder is none and holds none.
    """
    found: list[Path] = []
    for folder in given:
        if not folder.is_dir():
            raise OptionError(f"results: {folder} is no folder, expected results of batches")
        inner = [folder] if _holds_samples(folder) else []
        inner += [one for one in sorted(folder.iterdir()) if one.is_dir() and _holds_samples(one)]
        if not inner:
            raise OptionError(f"results: {folder} holds no result, expected results of batches")
        found += [one for one in inner if one.resolve() not in {f.resolve() for f in found}]
    return tuple(found)


def _holds_samples(folder: Path) -> bool:
    return any(path.is_file() for path in folder.glob(f"[!.]*/{RESULT}"))


def look_over(
    folders: Sequence[Path], rules: BatchRules, reference: FrozenReference | None
) -> Months:
    """Return what several batches show over time.

    Args:
        folders: results folders.
        rules: with what is watched.
        reference: frozen values of a file; None takes the first tubes.

    Raises:
        OptionError: the rules watch nothing.
        OutputError: a folder cannot be read.
    """
    watch = rules.over_time
    if watch is None:
        raise OptionError("rules: over_time is null, expected what is watched")
    tubes: list[_Tube] = []
    batches, files = [], []
    for folder, name in zip(folders, _names(folders), strict=True):
        results: list[Result] = []
        unreadable = 0
        for sample, result in read_results(folder):
            files.append(folder / sample / RESULT)
            if isinstance(result, Failure):
                unreadable += 1
            else:
                results.append(result)
                tubes.append(_tube(name, result, watch))
        batches.append(_batch(name, results, unreadable))
    newest = _newest(tubes)
    watched = [tube.watched for tube in newest]
    frozen = freeze(
        {key: [one for _, one in of] for key, of in series_of(watched).items()},
        tubes=watch.reference_tubes,
        rules=f"{rules.name} {rules.version}",
    )
    return Months(
        batches=tuple(sorted(batches, key=lambda one: (one.first, one.name))),
        charts=control_charts(watched, watch, reference),
        own_reference=frozen,
        repeated=len(tubes) - len(newest),
        files=tuple(files),
    )


def _names(folders: Sequence[Path]) -> list[str]:
    """Return each folder's name, with its parent's where two have one name."""
    names = Counter(folder.resolve().name for folder in folders)
    return [
        f"{whole.parent.name}/{whole.name}" if names[whole.name] > 1 else whole.name
        for whole in (folder.resolve() for folder in folders)
    ]


def _tube(batch: str, result: Result, rules: OverTimeRules) -> _Tube:
    dataset = result.provenance.settings.get("dataset")
    return _Tube(
        batch,
        (result.sample.sha256, dataset, result.strategy.sha256),
        result.provenance.created,
        Watched(f"{batch}/{result.sample.id}", result.sample.acquired, measure(result, rules)),
    )


def _newest(tubes: Sequence[_Tube]) -> list[_Tube]:
    """Return each tube once: a tube that was analysed twice measures nothing twice."""
    newest: dict[tuple[str, object, str], _Tube] = {}
    for tube in tubes:
        other = newest.get(tube.result_key)
        if other is None or other.created < tube.created:
            newest[tube.result_key] = tube
    return list(newest.values())


def _batch(name: str, results: Sequence[Result], unreadable: int) -> MonthsBatch:
    times = sorted(one.sample.acquired for one in results if one.sample.acquired)
    return MonthsBatch(
        name=name,
        results=len(results),
        unreadable=unreadable,
        first=times[0] if times else "",
        last=times[-1] if times else "",
        figures=review_figures(map(reviewed_sample, results)),
    )


def write_months(
    found: Months, out: Path, rules: OverTimeRules, *, reference: str = ""
) -> tuple[Path, ...]:
    """Write page and tables; each is replaced as a whole.

    Args:
        found: what is shown.
        out: the folder.
        rules: by which values were watched.
        reference: name of the file of frozen values; empty is none.

    Raises:
        OutputError: one of them cannot be written.
    """
    mode = as_private_as(found.files)
    page = _page(found, rules, reference)
    tables = csv_text(OVERRIDE_COLUMNS, map(_override_row, found.batches))
    return (
        write_atomically(out / CHARTS, chart_table(found.charts).encode(), mode=mode),
        write_atomically(out / OVERRIDES, tables.encode(), mode=mode),
        write_atomically(out / INDEX, page.encode(), mode=mode),
    )


def _override_row(one: MonthsBatch) -> dict[str, Any]:
    figures = one.figures
    low, high = _ends(figures) or (None, None)
    return {
        "batch": one.name,
        "first_acquired": one.first,
        "last_acquired": one.last,
        "samples": figures.samples,
        "worked_on": figures.seen,
        "gates_drawn": figures.drawn,
        "percent": figures.drawn_percent,
        "ci95_low": low,
        "ci95_high": high,
        "gates": _gates(figures),
    }


def _ends(figures: ReviewFigures) -> tuple[float, float] | None:
    """Return the 95 % interval of the share of samples with a gate drawn (Wilson)."""
    found = interval(figures.drawn, figures.seen, method=IntervalMethod.WILSON)
    return None if found is None else (found[0], found[1])


def _gates(figures: ReviewFigures) -> str:
    return ", ".join(f"{one.gate} {one.tubes}" for one in figures.gates)


def _page(found: Months, rules: OverTimeRules, reference: str) -> str:
    write = Scribe(typefaces=False).write
    style = file_text(TEMPLATES / "overview.css")
    from markupsafe import Markup  # noqa: PLC0415 - with jinja2, only where a page is written

    return page_template("months.html.j2").render(
        page={
            "tubes": sum(one.results for one in found.batches),
            "span": write(_span(found)),
            "notices": [write(line) for line in notices(found)],
            "chart_rule": write(chart_rule(rules, reference=reference)),
            "charts": [control_chart_row(one, write) for one in found.charts],
            "batches": [
                {
                    "name": write(one.name),
                    "first": one.first[:10],
                    "last": one.last[:10],
                    "samples": one.figures.samples,
                    "seen": one.figures.seen,
                    "drawn": one.figures.drawn,
                    "percent": _percent(one.figures),
                    "gates": write(_gates(one.figures)),
                }
                for one in found.batches
            ],
            "facts": [
                ("Values on charts", str(len(found.charts))),
                ("Reference", write(reference or "the first tubes of each kind")),
            ],
        },
        policy=(
            f"default-src 'none'; style-src '{digest(style)}'; img-src data:; base-uri 'none'; "
            "form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - a file of this package
    )


def notices(found: Months) -> Iterator[str]:
    """Yield what a reader must know of what is shown."""
    unreadable = sum(one.unreadable for one in found.batches)
    if unreadable:
        yield f"{unreadable} results cannot be read and are in nothing here."
    if found.repeated:
        yield (
            f"{found.repeated} results are of tubes that lie in several batches under one strategy; "
            "charts show each tube once, by its newest result."
        )


def _span(found: Months) -> str:
    firsts = [one.first[:10] for one in found.batches if one.first]
    lasts = [one.last[:10] for one in found.batches if one.last]
    return f"{min(firsts)} to {max(lasts)}" if firsts else "no time of acquisition known"


def _percent(figures: ReviewFigures) -> str:
    ends = _ends(figures)
    if figures.drawn_percent is None or ends is None:
        return "–"
    return f"{figures.drawn_percent:.0f} ({ends[0]:.0f} to {ends[1]:.0f})"
