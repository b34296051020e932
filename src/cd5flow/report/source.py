"""What a report is made of beside its result: kept with it, so that it can be printed again when signed.

A signature changes a result's review and nothing else; the report is printed again from the pictures and
words that it was first printed with, without the tube.
"""

from __future__ import annotations

import base64
import gzip
import json
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.errors import FileAccessError, ResultError
from cd5flow.model.opening import read_regular
from cd5flow.model.result import Result
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.report.lab import Lab
from cd5flow.report.parts import Extent, Picture
from cd5flow.report.signing import Replaced

T = TypeVar("T")

PLOTS: Final = "plots"
PDF: Final = "report.pdf"
HTML: Final = "report.html"
SOURCE: Final = f"{PLOTS}/report.json.gz"
FORMAT: Final = "cd5flow.report/1"

MAX_BYTES: Final = 50_000_000
"""Largest file that is read, and largest content that is unpacked; a report's is a fiftieth of it."""


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report is made of.

    Attributes:
        language: ``en``, ``zh`` or a wording file.
        lab: whose report it is; None where that is not known.
        version: of the report on this sample, from 1.
        eligibility: every criterion of the protocol; None where no clinic was asked.
        pictures: in their order.
        extent: whether the technical annex is written.
        words: text of the wording file, where `language` is one: it may be elsewhere by then.
        replaced: the version that a person answered for and that this one takes the place of.
    """

    language: str
    lab: Lab | None
    version: int
    eligibility: Eligibility | None
    pictures: tuple[Picture, ...]
    extent: Extent = "full"
    words: str | None = None
    replaced: Replaced | None = None

    @classmethod
    def of(
        cls,
        language: str,
        *,
        lab: Lab | None,
        version: int,
        eligibility: Eligibility | None,
        pictures: Sequence[Picture],
        extent: Extent = "full",
        replaced: Replaced | None = None,
    ) -> ReportSource:
        """Return it with the text of the wording file, where the language is one.

        Raises:
            FileAccessError: that file cannot be read.
        """
        words = None
        if Path(language).suffix:
            try:
                words = read_regular(Path(language), MAX_BYTES).decode()
            except (OSError, UnicodeDecodeError) as error:
                raise FileAccessError(f"{language}: cannot be read ({error})") from error
        return cls(language, lab, version, eligibility, tuple(pictures), extent, words, replaced)

    def to_bytes(self) -> bytes:
        """Return it as the file that is kept; equal sources give equal bytes.

        Of pictures that are vectors the pixels are left out: they lie beside it.
        """
        plain = {
            "format": FORMAT,
            "language": self.language,
            "words": self.words,
            "lab": None if self.lab is None else _plain(asdict(self.lab)),
            "version": self.version,
            "extent": self.extent,
            "replaced": None if self.replaced is None else _of_replaced(self.replaced),
            "eligibility": None
            if self.eligibility is None
            else self.eligibility.model_dump(mode="json", by_alias=True),
            "pictures": [_plain(asdict(replace(one, png=b""))) for one in self.pictures],
        }
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
        return gzip.compress(text.encode(), mtime=0)

    def printed(self, result: Result, *, stage: Stage = untimed) -> Iterator[tuple[str, bytes]]:
        """Yield the reports of a result by file name.

        Args:
            result: the tube's, with its review as it is now.
            stage: marks each, for who times them.

        Raises:
            OptionError: the language is unknown or its file has faults.
        """
        # typst and jinja2 cost half a second: only where a report is wanted.
        from cd5flow.report.html import render_html  # noqa: PLC0415
        from cd5flow.report.pdf import render_pdf  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="cd5flow-") as folder:
            language = self.language
            if self.words is not None:
                kept = Path(folder, Path(language).name)
                kept.write_text(self.words, encoding="utf-8", newline="")
                language = str(kept)
            with stage("PDF"):
                pdf = render_pdf(
                    result,
                    self.pictures,
                    language=language,
                    lab=self.lab,
                    version=self.version,
                    eligibility=self.eligibility,
                    extent=self.extent,
                    replaced=self.replaced,
                )
            yield PDF, pdf
            with stage("HTML"):
                page = render_html(
                    result,
                    self.pictures,
                    language=language,
                    lab=self.lab,
                    version=self.version,
                    eligibility=self.eligibility,
                    extent=self.extent,
                    replaced=self.replaced,
                )
            yield HTML, page.encode()


def read_source(folder: Path) -> ReportSource:
    """Read what the report in a sample's folder is made of.

    Raises:
        FileAccessError: it is not there: the report was written by an earlier version.
        ResultError: it is damaged, or a picture is absent.
    """
    path = folder / SOURCE
    try:
        packed = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise FileAccessError(
            f"{path}: cannot be read ({error.strerror or error}); the report cannot be printed "
            "again, analyse the tube again"
        ) from error
    try:
        content = zlib.decompressobj(wbits=31).decompress(packed, MAX_BYTES)
        plain = json.loads(content)
        if plain.get("format") != FORMAT:
            raise ResultError(f"{path}: format: found {plain.get('format')!r}, expected {FORMAT}")
        return _read(plain, folder)
    except (zlib.error, ValueError, AttributeError, KeyError, TypeError, OSError) as error:
        raise ResultError(f"{path}: is damaged ({error})") from error


def _read(plain: dict[str, Any], folder: Path) -> ReportSource:
    lab, judged = plain["lab"], plain["eligibility"]
    pictures = []
    for one in plain["pictures"]:
        png = read_regular(folder / PLOTS / f"{Path(one['name']).name}.png", MAX_BYTES)
        pictures.append(_reader(Picture).validate_python({**one, "png": png}))
    if lab is not None and lab["logo"] is not None:
        content = base64.b64decode(lab["logo"]["content"])
        lab = {**lab, "logo": {**lab["logo"], "content": content}}
    return ReportSource(
        language=plain["language"],
        lab=None if lab is None else _reader(Lab).validate_python(lab),
        version=plain["version"],
        eligibility=None
        if judged is None
        else Eligibility.model_validate_json(json.dumps(judged), strict=True),
        pictures=tuple(pictures),
        extent=plain["extent"],
        words=plain["words"],
        replaced=_replaced(plain["replaced"]) if plain.get("replaced") else None,
    )


def _of_replaced(replaced: Replaced) -> dict[str, Any]:
    return {
        "version": replaced.version,
        "reason": replaced.reason,
        "result": replaced.result.model_dump(mode="json", by_alias=True),
    }


def _replaced(plain: dict[str, Any]) -> Replaced:
    return Replaced(
        version=plain["version"],
        reason=plain["reason"],
        result=Result.model_validate_json(json.dumps(plain["result"]), strict=True),
    )


@cache
def _reader(kind: type[T]) -> TypeAdapter[T]:
    """Return what reads a part: built when a report is printed again, which most processes never do."""
    return TypeAdapter(kind)


def _plain(value: Any) -> Any:
    """Return fields as JSON values, bytes in base64."""
    match value:
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value
