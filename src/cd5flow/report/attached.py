"""The result.json inside a report's PDF, to tell whether a PDF and a result belong together."""

from __future__ import annotations

import re
import zlib
from typing import Final

from cd5flow.errors import ResultError
from cd5flow.model.result import Result
from cd5flow.model.result_file import parse_result

MAX_BYTES: Final = 50_000_000
"""Largest attachment that is unpacked."""

# As typst writes it: the attachment's dictionary is not compressed and stands before its stream.
_EMBEDDED: Final = re.compile(
    rb"<<(?=[^>]{0,200}/Type/EmbeddedFile)(?=[^>]{0,200}/Filter/FlateDecode)[^>]{0,200}"
    rb"(?:<<[^>]{0,200}>>)?>>\s*stream\r?\n"
)


def attached_result(pdf: bytes) -> Result | None:
    """Return the result attached to a report; None where none can be read."""
    for found in _EMBEDDED.finditer(pdf):
        unpack = zlib.decompressobj()
        try:
            read = parse_result(unpack.decompress(pdf[found.end() :], MAX_BYTES))
        except (zlib.error, ResultError):
            continue
        if read.is_whole:
            return read.result
    return None


def belongs_to(pdf: bytes, result: Result) -> bool:
    """Whether a report shows this very result, its review included."""
    return attached_result(pdf) == result
