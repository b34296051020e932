"""`cd5flow export`: results for other systems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cd5flow.cli.results_given import read_results, result_files
from cd5flow.cli.terminal import emit, say
from cd5flow.config.atomic import as_private_as, open_atomically
from cd5flow.errors import OptionError
from cd5flow.interop.fhir_terms import BundleKind
from cd5flow.model.opening import open_regular
from cd5flow.model.result import Result

FORMATS: Final = ("fhir", "csv", "fcs", "archive")
"""An archive is more than text, and written by `cli.archive`."""
REPORT: Final = "report.pdf"
MAX_PDF_BYTES: Final = 30_000_000
"""Largest report that is enclosed; a laboratory's is a hundredth of it."""


def run(
    places: Sequence[Path],
    *,
    format_: str,
    out: Path | None,
    codes: Path | None,
    bundle: BundleKind | None,
    pdf: bool,
) -> None:
    """Write results in a format of other systems, on stdout or into a file."""
    if format_ not in FORMATS:
        raise OptionError(f"format: found {format_!r}, expected {' or '.join(FORMATS)}")
    if format_ == "csv" and codes is not None:
        raise OptionError("codes: a CSV has none, expected --format fhir")
    if format_ == "csv" and bundle is not None:
        raise OptionError("bundle: a CSV is none, expected --format fhir")
    twice = [place for number, place in enumerate(places) if place in places[:number]]
    if twice:
        raise OptionError(f"{twice[0]}: found twice, expected each result once")
    results = result_files(places)
    if out is not None and any(_same(out, path) for path in results):
        raise OptionError(f"out: found {out}, which is a result to be read; choose another file")
    read = list(zip(results, read_results(results), strict=True))
    kind = bundle or "transaction"
    text = _csv(read) if format_ == "csv" else _fhir(read, codes, kind=kind, pdf=pdf)
    if out is None:
        emit(text)
    else:
        with open_atomically(out, mode=as_private_as(results)) as file:
            file.write(text.encode())


def _csv(read: Sequence[tuple[Path, Result]]) -> str:
    from cd5flow.report.flat import flat_csv  # noqa: PLC0415 - one of two formats

    return flat_csv(result for _, result in read)


def _fhir(
    read: Sequence[tuple[Path, Result]], codes: Path | None, *, kind: BundleKind, pdf: bool
) -> str:
    from cd5flow.interop.codes import load_codes  # noqa: PLC0415 - one of two formats
    from cd5flow.interop.fhir import Exported, fhir_text, to_fhir  # noqa: PLC0415
    from cd5flow.interop.fhir_rules import INSTALL, shape_faults  # noqa: PLC0415

    table = load_codes(codes).value
    bundle = to_fhir(
        [Exported(result, _report(path, result) if pdf else None) for path, result in read],
        table,
        kind=kind,
    )
    faults = shape_faults(bundle)
    if faults is None:
        say(
            "checked by cd5flow's own rules of FHIR R4; fhir.resources, which checks the shape of "
            f"resources too, is not installed: {INSTALL}"
        )
    elif faults:
        raise ValueError(f"fhir.resources finds {len(faults)} faults: {faults[0]}")
    return fhir_text(bundle)


def _report(path: Path, result: Result) -> bytes | None:
    """Return the report beside a result, if it shows that very result."""
    from cd5flow.report.attached import belongs_to  # noqa: PLC0415 - where there is a report

    beside = path.parent / REPORT
    try:
        with open_regular(beside) as stream:
            content = stream.read(MAX_PDF_BYTES + 1)
    except FileNotFoundError:
        return None  # analysed with --no-report
    except OSError as error:
        say(f"{beside}: cannot be read ({error.strerror or error}), not enclosed", style="look")
        return None
    if len(content) > MAX_PDF_BYTES:
        say(f"{beside}: larger than {MAX_PDF_BYTES:,} bytes, not enclosed", style="look")
        return None
    if not belongs_to(content, result):
        say(
            f"{beside}: shows another result, or this one before its review; not enclosed",
            style="look",
        )
        return None
    return content


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
