"""TEXT: the keywords of a data set, whatever delimiter, escaping and encoding wrote them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cd5flow.errors import FcsCorruptError
from cd5flow.fcs.header import Header, Segment
from cd5flow.fcs.source import Source
from cd5flow.model.findings import Finding, info, warning

# The largest TEXT seen in the field is under 1 MB. The bounds keep a hostile file from taking
# memory and time out of proportion.
TEXT_BYTES: Final = 16 << 20
_DELIMITERS: Final = 200_000

_PADDING: Final = " \0\r\n"
_INTEGER: Final = re.compile(r"\+?0*([0-9]{1,18})(\.0*)?")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
# Keywords that never are a value: where one stands in a value's place, an unescaped delimiter or a
# missing value came before it.
_LANDMARK: Final = re.compile(
    r"\$(P[0-9]{1,4}[BENRSGV]|PAR|TOT|MODE|DATATYPE|BYTEORD|NEXTDATA|TIMESTEP|CYT|DATE|[BE]TIM"
    r"|FIL|SPILLOVER|(BEGIN|END)(DATA|STEXT|ANALYSIS))"
)


@dataclass(frozen=True, slots=True)
class Text:
    """The keywords of a data set.

    Attributes:
        keywords: upper-case keyword, with its ``$`` where it has one, to its stripped value.
        findings: what was tolerated in reading them.
        supplement: where supplemental TEXT is; None where there is none apart from TEXT.
    """

    keywords: dict[str, str]
    findings: tuple[Finding, ...]
    supplement: Segment | None = None


def integer(value: str | None) -> int | None:
    """Return a count, offset or width; None where it is absent or no such number."""
    match = _INTEGER.fullmatch(value.strip()) if value else None
    return int(match[1]) if match else None


def number(value: str | None) -> float | None:
    """Return a finite number, a decimal comma read as a point; None where it is none."""
    plain = value.strip() if value else ""
    if "." not in plain:
        plain = plain.replace(",", ".", 1)
    if not _NUMBER.fullmatch(plain):
        return None
    parsed = float(plain)
    return parsed if math.isfinite(parsed) else None


def within(
    value: str | None, *, keyword: str, low: float, high: float, what: str, name: str
) -> float | None:
    """Return a number between two bounds; None where it is absent, blank, zero or no number.

    Args:
        value: as written.
        keyword: for messages.
        low: the least that is believed.
        high: the most.
        what: it is, for messages.
        name: of the file.

    Raises:
        FcsCorruptError: it is a number that no instrument writes: beyond the bounds, below zero,
            infinite, or NaN. What was divided or multiplied by it would be noise.
    """
    plain = value.strip() if value else ""
    try:
        found = float(plain if "." in plain else plain.replace(",", ".", 1))
    except ValueError:
        return None
    if "_" in plain:  # a number to Python alone
        return None
    if found == 0 and not plain.strip("+-0.,"):
        return None
    if not low <= found <= high:
        raise FcsCorruptError(
            f"{name}: {keyword} is {plain[:40]!r}, expected {what} from {low:g} to {high:g}"
        )
    return found


def read_text(
    source: Source, offset: int, header: Header, *, most_supplement: int = TEXT_BYTES
) -> Text:
    """Read the primary and the supplemental TEXT of the data set at ``offset``.

    Args:
        source: the file.
        offset: where the data set begins.
        header: its HEADER.
        most_supplement: supplemental TEXT of more bytes than these is left.

    Raises:
        FcsCorruptError: TEXT is empty, out of proportion, or lacks ``$PAR``.
    """
    if header.text.length > TEXT_BYTES:
        raise FcsCorruptError(
            f"{source.name}: HEADER gives TEXT {header.text.length:,} bytes, "
            f"expected at most {TEXT_BYTES:,}"
        )
    raw = source.read(offset + header.text.begin, header.text.length)
    primary, encoding = _decoded(raw)
    delimiter = _delimiter(primary)
    if primary.count(delimiter) > _DELIMITERS:
        raise FcsCorruptError(
            f"{source.name}: TEXT holds {primary.count(delimiter):,} delimiters, "
            f"expected at most {_DELIMITERS:,}"
        )
    pairs, resynchronised = _pairs(primary, delimiter)
    keywords, findings = _unique(pairs)
    if "$PAR" not in keywords:
        raise FcsCorruptError(
            f"{source.name}: TEXT ({header.text}) has {len(keywords):,} keywords without $PAR, "
            "expected the number of channels"
        )
    if encoding != "utf-8":
        findings.append(info("TEXT_ENCODING", encoding=encoding))
    if resynchronised:
        findings.append(warning("TEXT_UNESCAPED", near=repr(resynchronised[0])))
    supplement = _supplement(header, keywords)
    if supplement is not None:
        more = None
        if supplement.length <= most_supplement:
            more = _further(source, offset, supplement, delimiter)
        if more is None:
            findings.append(info("SUPPLEMENTAL_TEXT", segment=str(supplement)))
        for key, value in (more or {}).items():
            keywords.setdefault(key, value)
    return Text(keywords=keywords, findings=tuple(findings), supplement=supplement)


def read_analysis(
    source: Source, offset: int, header: Header, keywords: Mapping[str, str]
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Return the keywords of ANALYSIS, as of `read_text`; none where there are none."""
    segment = analysis_segment(header, keywords)
    if segment is None:
        return {}, ()
    found = _further(source, offset, segment) if segment.length <= TEXT_BYTES else None
    if found is None:
        return {}, (info("ANALYSIS", segment=str(segment)),)
    return found, ()


def analysis_segment(header: Header, keywords: Mapping[str, str]) -> Segment | None:
    """Return where ANALYSIS is: as TEXT says, else as HEADER does; None for nowhere."""
    begin, end = integer(keywords.get("$BEGINANALYSIS")), integer(keywords.get("$ENDANALYSIS"))
    written = Segment(begin, end) if begin and end else header.analysis
    return written if written is not None and written.length else None


def _decoded(raw: bytes) -> tuple[str, str]:
    """Return the text and the encoding that fits: UTF-8, else what the writing system used."""
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    if re.search(rb"macintosh|cellquest", raw, re.IGNORECASE):
        return raw.decode("mac_roman"), "MacRoman"
    return raw.decode("latin-1"), "Latin-1"


def _delimiter(text: str) -> str:
    """Return the delimiter: what stands on both sides of a keyword that every TEXT has.

    That is the first character, or the one behind padding; where neither encloses the keyword, the
    first character behind padding, unless that begins a keyword.
    """
    unpadded = text.lstrip(_PADDING)
    if not unpadded:
        return " "
    first = unpadded[0]
    for sign in (text[0], first):
        if not sign.isalnum() and _encloses(sign, text):
            return sign
    padded = len(unpadded) < len(text)
    # Blanks right before a keyword are no padding: they delimit.
    return text[0] if padded and (first == "$" or first.isalnum()) else first


def _encloses(sign: str, text: str) -> bool:
    """Whether a character stands before and after ``$PAR``, blanks about the keyword aside."""
    blank = "[ \\0]*" if sign not in _PADDING else ""
    found = rf"{re.escape(sign)}{blank}\$PAR{blank}{re.escape(sign)}"
    return re.search(found, text, re.IGNORECASE) is not None


def _pairs(text: str, delimiter: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Split TEXT into keyword and value, and name the landmarks that were out of step.

    A doubled delimiter is an escaped one (FCS 3.1 on TEXT), except between a keyword and the next:
    there it is an empty value, which the standard forbids and instruments write.
    """
    tokens = _tokens(text, delimiter)
    pairs: list[tuple[str, str]] = []
    stray: list[str] = []
    key: str | None = None
    value = ""
    for position, (token, run) in enumerate(tokens):
        last = position == len(tokens) - 1
        if key is not None and not value and _LANDMARK.fullmatch(token.strip().upper()):
            stray.append(token)
            if key.startswith("$") or not pairs:
                pairs.append((key, ""))
            else:
                pairs[-1] = (pairs[-1][0], pairs[-1][1] + delimiter + key)
            key = None
        if key is None:
            if last and run < 2:
                break  # padding behind the last value, or a keyword cut short
            if run % 2 == 0:
                pairs.append((token, delimiter * ((run - 2) // 2)))
            else:
                key, value = token, delimiter * ((run - 1) // 2)
        elif run % 2 == 0 and not last:
            value += token + delimiter * (run // 2)
        else:
            pairs.append((key, value + token + delimiter * max(0, (run - 1) // 2)))
            key, value = None, ""
    return pairs, stray


def _tokens(text: str, delimiter: str) -> list[tuple[str, int]]:
    """Return each stretch of text with the number of delimiters that follow it."""
    parts = text[text.index(delimiter) + 1 :].split(delimiter) if delimiter in text else []
    tokens: list[tuple[str, int]] = []
    for part in parts:
        if part:
            tokens.append((part, 1))
        elif tokens:
            tokens[-1] = (tokens[-1][0], tokens[-1][1] + 1)
    if tokens:  # nothing follows the last part
        tokens[-1] = (tokens[-1][0], tokens[-1][1] - 1)
    return tokens


def _unique(pairs: list[tuple[str, str]]) -> tuple[dict[str, str], list[Finding]]:
    keywords: dict[str, str] = {}
    changed: list[str] = []
    for key, value in pairs:
        name, content = key.strip(" \0\t\r\n").upper(), value.strip(" \0\t\r\n")
        if not name:
            continue
        if keywords.get(name, content) != content:
            changed.append(name)
        keywords[name] = content
    if not changed:
        return keywords, []
    return keywords, [warning("DUPLICATE_KEYWORD", keywords=sorted(set(changed))[:5])]


def _supplement(header: Header, keywords: Mapping[str, str]) -> Segment | None:
    """Return where supplemental TEXT is; None where there is none."""
    begin, end = integer(keywords.get("$BEGINSTEXT")), integer(keywords.get("$ENDSTEXT"))
    if not begin or not end or end <= begin:
        return None
    if begin <= header.text.end and end >= header.text.begin:
        return None  # instruments that repeat the primary TEXT here
    return Segment(begin, end)


def _further(
    source: Source, offset: int, segment: Segment, delimiter: str | None = None
) -> dict[str, str] | None:
    """Return the keywords of a segment apart from TEXT; None where it holds something else.

    It is delimited as TEXT is; without a ``delimiter``, by its own first character.
    """
    raw = source.read(offset + segment.begin, segment.length)
    if len(raw) < segment.length:
        return None  # not in the file
    text, _ = _decoded(raw)
    unpadded = text.lstrip(_PADDING)
    sign = delimiter or (text if _begins_with_keyword(unpadded) else unpadded)[:1]
    text_bytes = raw.replace(sign.encode(), b"").strip(b"\0") if sign else b""
    if (
        not sign
        or sign.isalnum()
        or not (unpadded.startswith(sign) or text.startswith(sign))
        or text.count(sign) > _DELIMITERS
        or re.search(rb"[\x00-\x08\x0e-\x1b]", text_bytes)
    ):
        return None
    return _unique(_pairs(text, sign)[0])[0]


def _begins_with_keyword(unpadded: str) -> bool:
    """Whether text begins with a keyword, so that the blank before it is its delimiter."""
    return unpadded[:1].isalnum() or re.match(r"[$#@][A-Za-z]", unpadded) is not None


def given(keywords: Mapping[str, str], name: str) -> str | None:
    """Return a keyword's value; None where it is absent or blank."""
    return keywords.get(name) or None
