"""The one place that knows typst: from a template and data to the bytes of a PDF."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cd5flow.report.fonts import font_files
from cd5flow.report.parts import Picture
from cd5flow.report.webpage import TEMPLATES

STANDARD: Final = "a-3b"
"""PDF/A-3b, ISO 19005-3: for archives, and other files may be attached."""


BLOCKS: Final = "blocks.typ"
"""What every report is made of."""


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
    import typst  # noqa: PLC0415 - only what writes a PDF needs the compiler

    with tempfile.TemporaryDirectory(prefix="cd5flow-") as folder:
        root, fonts = Path(folder, "root"), Path(folder, "fonts")
        root.mkdir()
        fonts.mkdir()
        shutil.copyfile(TEMPLATES / BLOCKS, root / BLOCKS)
        main = root / "main.typ"
        main.write_text(template, encoding="utf-8")
        for name, content in (files or {}).items():
            (root / name).write_bytes(content)
        # Folders are searched for fonts, and theirs hold others that would stand in unseen.
        for path in font_files():
            shutil.copyfile(path, fonts / path.name)
        try:
            made = typst.compile(
                main,
                root=root,
                font_paths=typst.Fonts(
                    include_system_fonts=False,
                    include_embedded_fonts=False,
                    font_paths=[str(fonts)],
                ),
                format="pdf",
                sys_inputs=dict(inputs or {}),
                pdf_standards=STANDARD,
                timestamp=seconds,
            )
        except typst.TypstError as fault:
            raise TypstFaultError(fault.message) from fault
    assert isinstance(made, bytes)  # noqa: S101 - a PDF is one file
    return made


def picture_files(pictures: Sequence[Picture]) -> dict[str, bytes]:
    """Return pictures as files for a template: names come from strategies, those of files do not."""
    return {
        f"{n}.png" if p.svg is None else f"{n}.svg": p.png if p.svg is None else p.svg.encode()
        for n, p in enumerate(pictures)
    }
