"""What a report says, before it is a PDF or a page: plain parts made of a result.

Both renderings print these parts and nothing else, in this order, so that they say the same.
Every text is final: words in the report's language, numbers as they are printed, unknown said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

Tone: TypeAlias = Literal["plain", "good", "look", "bad", "quiet"]
"""How a text is set off; the text says the same without it."""

Extent: TypeAlias = Literal["short", "full"]
"""How much of a report is written: pages one to three, or the technical annex too."""

PictureUse: TypeAlias = Literal["front", "overview", "annex"]
"""Where a picture stands: among the three of page one, on page two, or in the technical annex."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the report.

    Attributes:
        name: of its file, without ending.
        title: its caption.
        alt: what it shows, with the numbers, for those who cannot see it.
        png: as pixels.
        svg: as vectors; None where there are pixels only.
        use: where it stands, once.
    """

    name: str
    title: str
    alt: str
    png: bytes
    svg: str | None = None
    use: PictureUse = "annex"

    def _repr_png_(self) -> bytes:
        """Return what a notebook shows that cannot show vectors."""
        return self.png

    def _repr_svg_(self) -> str | None:
        """Return what a notebook shows; None where there are pixels only."""
        return self.svg


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with its tone; `fixed` is set in a typeface of fixed width, as names and hashes are."""

    text: str
    tone: Tone = "plain"
    fixed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What something is called and what it is."""

    label: str
    value: Cell


def fact(
    label: str, text: str, tone: Tone = "plain", *, note: str = "", fixed: bool = False
) -> Fact:
    """Return what something is called and what it is, as a text."""
    return Fact(label, Cell(text, tone, fixed, note))


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts in so many columns: a line each, in one column or two; from three on label over value."""

    rows: tuple[Fact, ...]
    columns: int = 1
    title: str = ""
    kind: Literal["facts"] = field(default="facts", init=False)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A table's column; numbers stand to the right, `width` is its share of the page."""

    title: str
    width: float = 1.0
    number: bool = False


def number_column(title: str, width: float = 1.0) -> TableColumn:
    """Return a column of numbers."""
    return TableColumn(title, width, number=True)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; the first column names the row."""

    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: Literal["table"] = field(default="table", init=False)

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.caption!r}: a row has not {len(self.columns)} cells")


def table_of(
    caption: str, rows: Iterable[T], *columns: tuple[TableColumn, Callable[[T], Cell | str]]
) -> Table:
    """Return a table in which each column comes with what its cells say of a row's thing."""
    return Table(
        caption,
        tuple(column for column, _ in columns),
        tuple(tuple(_as_cell(cell(row)) for _, cell in columns) for row in rows),
    )


def _as_cell(cell: Cell | str) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text of its own."""

    text: str
    tone: Tone = "plain"
    kind: Literal["paragraph"] = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A sentence, and the code under which programs find it."""

    text: str
    code: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a state is what it is."""

    title: str
    sentences: tuple[ReasonLine, ...]
    kind: Literal["reasons"] = field(default="reasons", init=False)


@dataclass(frozen=True, slots=True)
class PictureRef:
    """Where a picture stands: its place among those given, from 0."""

    place: int
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side, so many in a row."""

    pictures: tuple[PictureRef, ...]
    across: int = 2
    kind: Literal["pictures"] = field(default="pictures", init=False)


@dataclass(frozen=True, slots=True)
class Bar:
    """A share on a scale of 0 to 100 %, drawn from its numbers.

    Attributes:
        value, low, high: the share and its interval.
        band: lowest and highest share over other defensible cuts; None where unknown.
        threshold: what is asked for.
        legend: what each mark is, in the order value, interval, band, threshold.
        alt: all of it in words.
    """

    value: float
    low: float
    high: float
    band: tuple[float, float] | None
    threshold: float
    legend: tuple[str, str, str, str]
    alt: str


@dataclass(frozen=True, slots=True)
class Card:
    """A number with its state: the answer to one question.

    Attributes:
        title: the question.
        number: the share in large figures.
        state: the state in words.
        code: the state as programs read it.
        lines: what the number rests on.
    """

    title: str
    number: str
    state: Cell
    code: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The box on page 1."""

    title: str
    cd5: Card
    bar: Bar | None
    burden: Card
    criterion: Card
    reasons: tuple[Reasons, ...]


Block: TypeAlias = Facts | Table | Paragraph | Reasons | Pictures


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A heading with what belongs to it; `anchor` is stable over languages."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What belongs together after page one.

    Attributes:
        anchor: stable over languages.
        bounded: whether it is to stand on one sheet of paper; an annex runs on.
    """

    anchor: str
    title: str
    sections: tuple[ReportSection, ...]
    bounded: bool


@dataclass(frozen=True, slots=True)
class Sign:
    """A signature, or a field for one: what it means, and name, date and entry of who has signed."""

    role: str
    lines: tuple[Fact, ...]
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose report it is; `logo` says whether there is one."""

    name: str
    address: tuple[str, ...]
    director: str
    logo: bool


@dataclass(frozen=True, slots=True)
class Running:
    """What stands on every page.

    Attributes:
        laboratory: who reports.
        subject: patient and sample.
        report: id and version.
        page: words around page and number of pages: before, between, after.
        mark: that nobody has looked at it yet; empty once a person has.
    """

    laboratory: str
    subject: str
    report: str
    page: tuple[str, str, str]
    mark: str


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """A whole report.

    Attributes:
        language: BCP 47 tag.
        title, subtitle: of the document.
        status: that it is a draft, or what persons made of it.
        notices: what a reader must know before the result.
        identity: who and what.
        front: the pictures of page one.
        findings: what they show, in a line each.
        comment: heading and text of a person's comment; empty text is to be filled in.
        skip: words of the link that leads a screen reader past the heading.
        attached: what is attached to the PDF.
        pages: what follows page one.
    """

    language: str
    title: str
    subtitle: str
    skip: str
    letterhead: Letterhead
    running: Running
    status: Cell
    notices: tuple[Paragraph, ...]
    identity: Facts
    answer: Answer
    front: Pictures
    findings: Facts
    sign_title: str
    comment: Fact
    signatures: tuple[Sign, ...]
    attached: str
    disclaimer: tuple[str, ...]
    pages: tuple[ReportPage, ...]

    @property
    def sections(self) -> tuple[ReportSection, ...]:
        """Every section after page one."""
        return tuple(section for page in self.pages for section in page.sections)


def plain_parts(document: DataclassInstance, write: Callable[[str], str]) -> dict[str, Any]:
    """Return a document as dictionaries, lists and scalars, each text as `write` writes it."""
    written = _written(document, write)
    assert isinstance(written, dict)  # noqa: S101 - a document is one
    return written


def _written(part: Any, write: Callable[[str], str]) -> Any:
    match part:
        case str():
            return write(part)
        case dict():
            return {name: _written(child, write) for name, child in part.items()}
        case list() | tuple():
            return [_written(child, write) for child in part]
        case _ if is_dataclass(part):
            return {one.name: _written(getattr(part, one.name), write) for one in fields(part)}
        case _:
            return part
