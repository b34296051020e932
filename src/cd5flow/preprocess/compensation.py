"""Spillover: which matrix a tube may be compensated with, and the compensation itself."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cd5flow.errors import FileAccessError, SpilloverError
from cd5flow.model.events import CompensatedEvents, RawEvents, Spillover
from cd5flow.model.findings import Finding, info, warning
from cd5flow.model.opening import open_regular
from cd5flow.model.panel import Panel
from cd5flow.numerics.chunks import chunks

_BLOCK_PRODUCTS: Final = 1 << 18
"""Multiplications at a time: what they read stays in the cache, and BLAS starts no threads for them,
which wait for each other longer than so small a product takes."""
_FEWEST_EVENTS: Final = 256
"""Events at a time at least."""
_MAX_BYTES: Final = 1_000_000
_COMPENSATED_NAME: Final = re.compile(r"^(?:FJ)?Comp[-_ ]|^<(?=.*>$)", re.IGNORECASE)
_PULSE: Final = re.compile(
    r"[-_ ]*(?:[AHW]|area|height|width|peak|int|integral|lin[ahw]?|log[ahw]?|[ahw]lin|[ahw]log)$",
    re.IGNORECASE,
)
_NO_DYE: Final = re.compile(
    r"^(?:FSC?|SSC?|[BV]SSC|FALS)(?![a-z])|^[FS]SC|scatter|^(?:pulse )?width|^time|^event|^hdr-"
    r"|^doublet|^unused|^index",
    re.IGNORECASE,
)


class CompensationState(StrEnum):
    """Whether the events' spillover has been undone, and by whom."""

    KNOWN = "KNOWN"
    """By a matrix that is applied here."""
    HARDWARE = "HARDWARE"
    """On the instrument, as the user states."""
    ALREADY_APPLIED = "ALREADY_APPLIED"
    """By the program that wrote the file, as its channel names say."""
    NOT_NEEDED = "NOT_NEEDED"
    """Fewer than two fluorescence channels."""
    MISSING = "MISSING"
    """Several fluorescence channels and no matrix."""
    MISMATCH = "MISMATCH"
    """The file's matrix names channels that the file lacks."""
    INCOMPLETE = "INCOMPLETE"
    """The matrix leaves out channels that carry markers; it is applied to the others."""
    IDENTITY = "IDENTITY"
    """The matrix changes nothing: unmixed already, or never compensated; nobody says which."""
    SINGULAR = "SINGULAR"
    """The matrix cannot be inverted, or only by multiplying the noise."""

    @property
    def is_known(self) -> bool:
        """Whether signals may be read as free of spillover."""
        return self in {
            CompensationState.KNOWN,
            CompensationState.HARDWARE,
            CompensationState.ALREADY_APPLIED,
            CompensationState.NOT_NEEDED,
        }


class SpilloverChoice(NamedTuple):
    """What a tube is compensated with.

    Attributes:
        spillover: the matrix to apply; None for none.
        state: what is known of the tube's spillover.
        findings: what was noticed.
    """

    spillover: Spillover | None
    state: CompensationState
    findings: tuple[Finding, ...]


def compensate(
    raw: RawEvents, spillover: Spillover | None, *, needed: Collection[str] | None = None
) -> CompensatedEvents:
    """Solve for the dyes: what was measured is the dyes times the matrix.

    The inverse is computed in double precision, the product in single, in chunks of events; each
    channel of the result is contiguous.

    Args:
        raw: the tube.
        spillover: the matrix; None leaves the events as they are.
        needed: compensated channels that will be looked at. Others of the matrix are not computed
            and read as raw, so name every channel that is used.

    Raises:
        SpilloverError: the tube lacks a channel of the matrix, or the matrix cannot be inverted.
    """
    if spillover is None:
        return CompensatedEvents(raw=raw, compensated={}, spillover=None)
    columns = _columns_of(raw, spillover)
    wanted = [
        i for i, detector in enumerate(spillover.detectors) if needed is None or detector in needed
    ]
    try:
        inverse = np.linalg.inv(spillover.matrix)
    except np.linalg.LinAlgError as fault:
        raise SpilloverError(f"{spillover.source}: the matrix cannot be inverted") from fault
    weights = np.ascontiguousarray(inverse[:, wanted].T, dtype=np.float32)
    dyes = np.empty((len(wanted), len(raw)), dtype=np.float32)
    step = max(_FEWEST_EVENTS, _BLOCK_PRODUCTS // max(weights.size, 1))
    # Channels that lie side by side, as a rule they do, are read where they are.
    together = bool(np.all(np.diff(columns) == 1)) and columns.size > 0
    chosen = slice(columns[0], columns[-1] + 1) if together else columns
    with np.errstate(invalid="ignore", over="ignore"):  # infinite values become undefined
        for chunk in chunks(len(raw), step):
            np.matmul(weights, raw.values.T[chosen, chunk], out=dyes[:, chunk])
    dyes.setflags(write=False)
    return CompensatedEvents(
        raw=raw,
        compensated={spillover.detectors[i]: dyes[row] for row, i in enumerate(wanted)},
        spillover=spillover,
    )


def compensated_names(raw: RawEvents) -> tuple[str, ...]:
    """Return the channels whose names say that they were compensated (``Comp-``, ``FJComp-``)."""
    return tuple(c.detector for c in raw.channels if _COMPENSATED_NAME.match(c.detector))


def choose_spillover(
    file_spillover: Spillover | None,
    raw: RawEvents,
    panel: Panel,
    *,
    given: Spillover | Literal["hardware"] | None = None,
    max_condition: float,
) -> SpilloverChoice:
    """Decide what a tube is compensated with, and say why.

    Args:
        file_spillover: the matrix that the file carries.
        raw: the tube.
        panel: which channel carries which marker.
        given: what the user states instead: a matrix, or ``hardware`` (compensated on the
            instrument); it takes the place of the file's.
        max_condition: largest usable condition number of a matrix, from the strategy.

    Returns:
        The matrix, the state and findings:
            ``HARDWARE_COMPENSATION`` (INFO), ``ALREADY_COMPENSATED`` (INFO),
            ``NO_SPILLOVER`` (WARN), ``IDENTITY_SPILLOVER`` (WARN), ``DOUBLE_COMPENSATION`` (WARN),
            ``SPILLOVER_MISMATCH`` (WARN), ``SINGULAR_SPILLOVER`` (WARN),
            ``SPILLOVER_INCOMPLETE`` (WARN), ``UNUSUAL_SPILLOVER`` (WARN).

    Raises:
        SpilloverError: a given matrix does not fit the tube, cannot be inverted well enough, or
            would compensate a second time.
    """
    if given == "hardware":
        return _stated_as_hardware(file_spillover)
    spillover = file_spillover if given is None else given
    already = compensated_names(raw)
    if spillover is None:
        return _without_matrix(raw, panel, already)
    there = {channel.detector for channel in raw.channels}
    spillover, about = _of_these_channels(spillover, there)
    absent = [detector for detector in spillover.detectors if detector not in there]
    uncompensated = [d for d in spillover.detectors if d in there and d not in already]
    fault: SpilloverChoice | None = None
    if already and not uncompensated:
        fault = _fault(
            CompensationState.ALREADY_APPLIED,
            "DOUBLE_COMPENSATION",
            case="not_again",
            channels=_listed(already),
            source=spillover.source,
        )
    elif absent:
        fault = _fault(
            CompensationState.MISMATCH,
            "SPILLOVER_MISMATCH",
            source=spillover.source,
            absent=_listed(absent),
            channels=[c.detector for c in raw.channels],
        )
    elif not _condition(spillover) <= max_condition:
        fault = _fault(
            CompensationState.SINGULAR,
            "SINGULAR_SPILLOVER",
            source=spillover.source,
            condition=_condition(spillover),
            limit=max_condition,
        )
    if fault is None:
        chosen = _usable(spillover, raw, panel)
        return chosen._replace(findings=(*about, *chosen.findings))
    if given is not None:
        raise SpilloverError(fault.findings[0].message)
    return fault


def _of_these_channels(
    spillover: Spillover, there: Collection[str]
) -> tuple[Spillover, tuple[Finding, ...]]:
    """Leave out channels that the tube has not, where they neither spill nor are spilled into."""
    absent = [detector for detector in spillover.detectors if detector not in there]
    reduced = spillover.within(there) if absent else None
    if reduced is None or not reduced.detectors:
        return spillover, ()
    finding = info("SPILLOVER_REDUCED", keyword=spillover.source, absent=_listed(absent))
    return reduced, (finding,)


def _fault(state: CompensationState, code: str, **values: object) -> SpilloverChoice:
    return SpilloverChoice(None, state, (warning(code, **values),))


def _stated_as_hardware(file_spillover: Spillover | None) -> SpilloverChoice:
    finding = info("HARDWARE_COMPENSATION", case="stated")
    if file_spillover is not None and not file_spillover.is_identity:
        finding = info("HARDWARE_COMPENSATION", case="instead", source=file_spillover.source)
    return SpilloverChoice(None, CompensationState.HARDWARE, (finding,))


def _without_matrix(raw: RawEvents, panel: Panel, already: Sequence[str]) -> SpilloverChoice:
    colours = _colours(raw, panel)
    if len(colours) < 2:
        return SpilloverChoice(None, CompensationState.NOT_NEEDED, ())
    if already:
        finding = info("ALREADY_COMPENSATED", channels=_listed(already))
        return SpilloverChoice(None, CompensationState.ALREADY_APPLIED, (finding,))
    logarithmic = any(channel.logarithmic for channel in raw.channels)
    return _fault(
        CompensationState.MISSING,
        "NO_SPILLOVER",
        case="logarithmic" if logarithmic else "linear",
        colours=len(colours),
    )


def _usable(spillover: Spillover, raw: RawEvents, panel: Panel) -> SpilloverChoice:
    """Return a matrix that fits the tube, with what is odd about it."""
    findings: list[Finding] = []
    state = CompensationState.KNOWN
    if spillover.is_identity and len(_colours(raw, panel)) > 1:
        state = CompensationState.IDENTITY
        findings.append(warning("IDENTITY_SPILLOVER", source=spillover.source))
    odd = _odd_coefficients(spillover)
    if odd:
        unusual = _listed(odd)
        findings.append(warning("UNUSUAL_SPILLOVER", source=spillover.source, coefficients=unusual))
    dyes = {c.detector for c in raw.channels} - _scatter_and_time(raw, panel)
    left_out = [
        f"{marker} ({detector})"
        for marker, detector in panel.markers.items()
        if detector in dyes and detector not in spillover.detectors
    ]
    if left_out and len(_colours(raw, panel)) > 1:
        state = CompensationState.INCOMPLETE
        source, channels = spillover.source, _listed(left_out)
        findings.append(warning("SPILLOVER_INCOMPLETE", source=source, channels=channels))
    return SpilloverChoice(spillover, state, tuple(findings))


def _condition(spillover: Spillover) -> float:
    """Return the condition number; infinite where coefficients are not finite."""
    if not np.all(np.isfinite(spillover.matrix)):
        return math.inf
    return spillover.condition_number


def _odd_coefficients(spillover: Spillover) -> list[str]:
    """Say which coefficients are below zero, above one beside the diagonal, or not one on it."""
    return [
        f"{source} into {target} {value:g}"
        for source, row in zip(spillover.detectors, spillover.matrix, strict=True)
        for target, value in zip(spillover.detectors, row, strict=True)
        if (value != 1.0 if source == target else not 0.0 <= value <= 1.0)
    ]


def _scatter_and_time(raw: RawEvents, panel: Panel) -> set[str]:
    scatter = {d for marker, d in panel.markers.items() if marker.startswith(("FSC", "SSC"))}
    return scatter | {
        channel.detector
        for channel in raw.channels
        if channel.is_time or _NO_DYE.search(channel.detector)
    }


def _colours(raw: RawEvents, panel: Panel) -> set[str]:
    """Return the fluorescence detectors, area, height and width of a pulse being one."""
    others = _scatter_and_time(raw, panel)
    return {_PULSE.sub("", c.detector) for c in raw.channels if c.detector not in others}


def _columns_of(raw: RawEvents, spillover: Spillover) -> npt.NDArray[np.intp]:
    index = {channel.detector: channel.index for channel in raw.channels}
    absent = [detector for detector in spillover.detectors if detector not in index]
    if absent:
        raise SpilloverError(
            f"{spillover.source}: the matrix names {_listed(absent)}, which the file lacks"
        )
    return np.array([index[detector] for detector in spillover.detectors], dtype=np.intp)


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def read_spillover_csv(path: Path) -> Spillover:
    """Read a spillover matrix: channel names above, coefficients below, a row a dye.

    Columns are parted by comma, semicolon or tab; with semicolons a decimal comma is read. A first
    column of names may stand before the coefficients, in any order. Names are ``$PnN``, with what
    FlowJo adds ("Comp-PE-A :: CD5") taken off. A diagonal of 100 throughout is read as percent.

    Raises:
        FileAccessError: the file is absent or unreadable.
        SpilloverError: it is no such table; the message says file, line, found and expected.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as fault:
        raise FileAccessError(f"{path}: cannot be read: {fault.strerror or fault}") from fault
    if len(content) > _MAX_BYTES:
        raise SpilloverError(f"{path}: larger than {_MAX_BYTES:,} bytes, no spillover matrix")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise SpilloverError(f"{path}: not UTF-8 text") from fault
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> Spillover:
    delimiter = max(";\t,", key=text.partition("\n")[0].count)
    rows = _rows(text, delimiter, path)
    if len(rows) < 2:
        raise SpilloverError(f"{path}: a row of channel names and one row a channel are expected")
    (top, header), body = rows[0], rows[1:]
    named = not _is_number(body[0][1][0])
    if named and len(header) == len(body[0][1]):
        header = header[1:]
    names = [_plain_name(cell) for cell in header]
    twice = sorted({name for name in names if names.count(name) > 1 or not name})
    if twice:
        raise SpilloverError(f"{path}:{top}: channel names must differ, found {_listed(twice)!r}")
    if len(body) != len(names):
        raise SpilloverError(f"{path}: {len(names)} channels need as many rows, found {len(body)}")
    matrix = np.empty((len(names), len(names)))
    free = set(names)
    for position, (line, cells) in enumerate(body):
        own = _plain_name(cells[0]) if named else names[position]
        if own not in free:
            raise SpilloverError(f"{path}:{line}: {own!r} is no further channel of the first row")
        free.remove(own)
        values = cells[1:] if named else cells
        if len(values) != len(names):
            raise SpilloverError(
                f"{path}:{line}: {len(values)} coefficients, expected {len(names)}"
            )
        matrix[names.index(own)] = [_coefficient(v, path, line) for v in values]
    if np.all(np.diag(matrix) == 100.0):
        matrix /= 100.0
    return Spillover(detectors=tuple(names), matrix=matrix, source=path.name)


def _rows(text: str, delimiter: str, path: Path) -> list[tuple[int, list[str]]]:
    """Return each row that is not empty with its line, without empty cells at its end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            while row and not row[-1]:
                row.pop()
            if row:
                rows.append((reader.line_num, row))
    except csv.Error as fault:
        raise SpilloverError(f"{path}:{reader.line_num}: {fault}") from fault
    return rows


def _plain_name(cell: str) -> str:
    name = cell.lstrip("# ").partition(" :: ")[0].strip()
    return _COMPENSATED_NAME.sub("", name).strip("<>")


def _number(cell: str) -> float:
    try:
        # Between commas a cell in quotes may have a decimal comma.
        return float(cell if "." in cell else cell.replace(",", "."))
    except ValueError:
        return math.nan


def _is_number(cell: str) -> bool:
    return math.isfinite(_number(cell))


def _coefficient(cell: str, path: Path, line: int) -> float:
    value = _number(cell)
    if not math.isfinite(value):
        raise SpilloverError(f"{path}:{line}: {cell!r} stands where a coefficient is expected")
    return value
