"""The one place that knows typst: from a template and data to the bytes of a PDF."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.plots.layout import Box
from cd5flow.plots.typefaces import font_files
from cd5flow.report.parts import Picture
from cd5flow.report.webpage import TEMPLATES

STANDARD: Final = "a-3b"
"""PDF/A-3b, ISO 19005-3: for archives, and other files may be attached."""


BLOCKS: Final = "blocks.typ"
"""What every report is made of."""

PPI: Final = 144
"""Pixels an inch of pictures as PNG."""

POINTS_AN_INCH: Final = 72

_RUNS_ON_NOTHING: Final = 8
"""With the two of the next report these are ten."""

TITLE_POINTS: Final = 16
"""Room above such a picture for its title."""

_PIXELS: Final = (
    f"#let room = {TITLE_POINTS}pt"
    """
#set page(width: auto, height: auto, margin: 0pt)
#set text(font: ("DejaVu Sans", "Noto Sans SC"), size: 7.5pt)
#for (number, title) in json(bytes(sys.inputs.titles)).enumerate() {
  if number > 0 { pagebreak() }
  stack(
    block(height: room, inset: (x: 5pt, y: 5pt), title),
    image(str(number) + ".svg"),
  )
}
"""
)


class TypstFaultError(Exception):
    """The typesetter could not set it; the message says why."""


def typeset(
    template: str,
    *,
    files: Mapping[str, bytes] | None = None,
    inputs: Mapping[str, str] | None = None,
    seconds: int = 0,
) -> bytes:
    """Return a tagged PDF/A-3b.

    Args:
        template: typst markup. It must be constant: text from outside comes by `inputs`, which typst
            hands on as strings and never reads as markup.
        files: pictures by name. The template can read no file but these, and the parts of reports.
        inputs: strings by name.
        seconds: the time that the PDF says it was made at, since 1970; equal times, templates and
            inputs give equal bytes.

    Raises:
        TypstFaultError: the template or a picture is faulty.
    """
    made = _compile(
        template,
        {BLOCKS: (TEMPLATES / BLOCKS).read_bytes(), **(files or {})},
        inputs or {},
        format="pdf",
        pdf_standards=STANDARD,
        timestamp=seconds,
    )
    assert isinstance(made, bytes)  # noqa: S101 - a PDF is one file
    return made


def rasterise(pictures: Sequence[tuple[str, str]]) -> list[bytes]:
    """Return vectors as PNG, each with its title above.

    Args:
        pictures: title and SVG of each.

    Raises:
        TypstFaultError: a picture is faulty.
    """
    if not pictures:
        return []
    files = {f"{number}.svg": svg.encode() for number, (_, svg) in enumerate(pictures)}
    titles = json.dumps([title for title, _ in pictures], ensure_ascii=False)
    made = _compile(_PIXELS, files, {"titles": titles}, format="png", ppi=PPI)
    return made if isinstance(made, list) else [made]


def forget_documents() -> None:
    """Let go of what the typesetter keeps of the documents that were set before, some 25 MB of each.

    It keeps whatever its last ten runs have used; runs on nothing push that out. Only a process that
    sets many reports needs this.
    """
    for _ in range(_RUNS_ON_NOTHING):
        _compile("", {}, {}, format="svg", with_fonts=False)


def on_pixels(box: Box) -> Box:
    """Return where a box of a picture lies on its pixels."""
    scale = PPI / POINTS_AN_INCH
    left, top, width, height = (
        scale * edge for edge in (box.left, box.top + TITLE_POINTS, box.width, box.height)
    )
    return Box(left, top, width, height)


def _compile(
    template: str,
    files: Mapping[str, bytes],
    inputs: Mapping[str, str],
    *,
    with_fonts: bool = True,
    **wanted: Any,
) -> Any:
    """Return what typst makes of a template that reads no files but these."""
    import typst  # noqa: PLC0415 - only what writes a PDF needs the compiler

    with tempfile.TemporaryDirectory(prefix="cd5flow-") as folder:
        root, fonts = Path(folder, "root"), Path(folder, "fonts")
        root.mkdir()
        fonts.mkdir()
        main = root / "main.typ"
        main.write_text(template, encoding="utf-8")
        for name, content in files.items():
            (root / name).write_bytes(content)
        # Folders are searched for fonts, and theirs hold others that would stand in unseen.
        for path in font_files() if with_fonts else ():
            (fonts / path.name).symlink_to(path)
        try:
            return typst.compile(
                main,
                root=root,
                font_paths=typst.Fonts(
                    include_system_fonts=False,
                    include_embedded_fonts=False,
                    font_paths=[str(fonts)],
                ),
                sys_inputs=dict(inputs),
                **wanted,
            )
        except typst.TypstError as fault:
            raise TypstFaultError(fault.message) from fault


def picture_files(pictures: Sequence[Picture]) -> dict[str, bytes]:
    """Return pictures as files for a template: names come from strategies, those of files do not."""
    return {
        f"{n}.png" if p.svg is None else f"{n}.svg": p.png if p.svg is None else p.svg.encode()
        for n, p in enumerate(pictures)
    }
