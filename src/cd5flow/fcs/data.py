"""DATA: from bytes to linear values, block by block, laid out by channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.fcs.clock import SplitClock
from cd5flow.fcs.layout import Layout, StoredColumn, ValueKind
from cd5flow.fcs.source import Source
from cd5flow.model.events import Channel, Values
from cd5flow.numerics.chunks import chunks

# A block stays in the second-level cache while it is swapped, masked and laid out by channel.
_BLOCK_BYTES: Final = 1 << 19
_BLOCK_ROWS: Final = 512  # so that many channels do not mean many calls on short columns
_TABLE_BITS: Final = 20
_LARGE_PAGE: Final = 1 << 21

# Of floats by their bytes: the integers to read them as, infinity, and the sign.
_PATTERNS: Final[dict[int, tuple[np.dtype[Any], np.dtype[Any], int, int]]] = {
    4: (np.dtype("<i4"), np.dtype("<u4"), 0x7F80_0000, 0x8000_0000),
    8: (np.dtype("<i8"), np.dtype("<u8"), 0x7FF0_0000_0000_0000, 0x8000_0000_0000_0000),
}

Cells = npt.NDArray[Any]
Undo = Callable[[Cells], Cells]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The values of a data set.

    Attributes:
        values: (n_events, n_columns) float32, Fortran order, read-only; a column a value of the
            event, and behind them the ticks of a split clock.
        not_finite: how many stored floats are NaN or infinite.
    """

    values: Values
    not_finite: int


def undo_amplification(
    channels: Sequence[Channel], layout: Layout, *, events: int
) -> dict[int, Undo]:
    """Return, for each column that needs one, the function from stored to linear values.

    Logarithms of integer data: v = 10**(e0*x/R)*e1 ($PnE of FCS 3.1). Gain: v = x/g. Time keeps
    its ticks, and so do the words of a clock.
    """
    undo: dict[int, Undo] = {}
    for channel, column in zip(channels, layout.columns, strict=False):  # joined Time comes last
        if channel.is_time or channel.word_of_time:
            continue
        if channel.logarithmic and column.kind is ValueKind.INTEGER:
            undo[channel.index] = _exponential(channel, column, events=events)
        elif channel.gain != 1.0:
            undo[channel.index] = _divided(channel.gain)
    return undo


def _divided(gain: float) -> Undo:
    return lambda stored: np.divide(stored, gain, dtype=np.float64)


def _exponential(channel: Channel, column: StoredColumn, *, events: int) -> Undo:
    decades, at_zero = channel.amplification

    def linear(stored: Cells) -> Cells:
        exponent = stored.astype(np.float64) * (decades / channel.range)
        return np.power(10.0, exponent) * (at_zero / channel.gain)

    used = column.bits if column.mask is None else column.mask.bit_length()
    if used > _TABLE_BITS or 1 << used > max(events, 1024):
        return linear  # a table would be longer than the column
    with np.errstate(over="ignore"):
        table = linear(np.arange(1 << used)).astype(np.float32)
    return lambda stored: np.take(table, stored.astype(np.intp, copy=False), mode="clip")


def decode(
    source: Source,
    *,
    begin: int,
    layout: Layout,
    events: int,
    undo: Mapping[int, Undo],
    clock: SplitClock | None = None,
) -> Decoded:
    """Read the events that begin at byte ``begin``; their bytes are known to be in the file.

    Raises:
        FcsTruncatedError: the file became shorter meanwhile.
        FileAccessError: the system refuses to read.
    """
    columns = len(layout.columns) + (clock is not None)
    values = _room(events, columns)
    if clock is not None and events:
        first = decode(source, begin=begin, layout=layout, events=1, undo={}).values
        clock = clock.counted_from(float(first[0, clock.high]))
    lay_out = _lay_out_uniform if layout.uniform and not layout.packed else _lay_out_mixed
    not_finite = 0
    # Doubles and logarithms may be too large for float32: they become infinite. NaN stays NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        for rows, block in _read_blocks(source, begin, layout, events):
            not_finite += lay_out(block, layout, undo, values[rows], clock)
    values.setflags(write=False)
    return Decoded(values=values, not_finite=not_finite)


def _room(events: int, columns: int) -> Values:
    """Return an array to fill, laid out by channel, where the system can give it large pages whole.

    An allocation begins and ends within large pages, whose halves come as hundreds of small ones: a
    tenth of the time that a plain file takes.
    """
    size = 4 * events * columns
    spare = 2 * _LARGE_PAGE if size > _LARGE_PAGE else 0
    raw = np.empty(size + spare, dtype=np.uint8)
    begin = -raw.ctypes.data % _LARGE_PAGE if spare else 0
    cells = raw[begin : begin + size].view(np.float32)
    return cells.reshape((events, columns), order="F")


def _read_blocks(
    source: Source, begin: int, layout: Layout, events: int
) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """Yield the rows and the bytes of each block of events; all blocks share one buffer."""
    # Eight events end on a byte, whatever their width.
    step = max(_BLOCK_ROWS, _BLOCK_BYTES * 8 // layout.row_bits // 8 * 8)
    buffer = np.empty(layout.bytes_of(min(step, events)), dtype=np.uint8)
    for rows in chunks(events, step):
        block = buffer[: layout.bytes_of(rows.stop - rows.start)]
        source.read_into(begin + layout.bytes_of(rows.start), block)
        yield rows, block


def _lay_out_uniform(
    block: npt.NDArray[np.uint8],
    layout: Layout,
    undo: Mapping[int, Undo],
    target: Values,
    clock: SplitClock | None,
) -> int:
    """Put a block whose values share one kind and width into its rows of the events."""
    count = len(layout.columns)
    column = layout.columns[0]
    width = column.bits // 8
    if width in {1, 2, 4, 8} and (layout.order.little or layout.order.big):
        cells: Cells = block.view(f"<u{width}")
        if layout.order.big and width > 1:
            cells.byteswap(inplace=True)
    else:
        cells = _assembled(block.reshape(-1, width), layout.order.places(width))
    cells = _typed(cells, column.kind).reshape(len(target), count)
    not_finite = 0
    if column.kind is not ValueKind.INTEGER:
        not_finite = _not_finite(cells)
    else:
        _mask(cells, layout)
    target[:, :count] = cells
    for index, linear in undo.items():
        target[:, index] = linear(cells[:, index])
    if clock is not None:
        target[:, count] = clock.ticks(cells[:, clock.high], cells[:, clock.low])
    return not_finite


def _mask(cells: Cells, layout: Layout) -> None:
    """Take away the bits above each column's range, in place."""
    masks = [column.mask for column in layout.columns]
    if set(masks) == {None}:
        return
    all_bits = (1 << layout.columns[0].bits) - 1
    each = np.array([all_bits if m is None else m for m in masks], dtype=cells.dtype)
    # One number for all columns runs over the block several times faster than a row of numbers.
    np.bitwise_and(cells, each[0] if len(set(masks)) == 1 else each, out=cells)


def _not_finite(cells: Cells) -> int:
    """Return how many floats are NaN or infinite.

    Their exponent is all ones (IEEE 754), so that, read as integers, they are the largest of the
    positive and of the negative numbers: two maxima, and no array of answers, tell that there are
    none.
    """
    signed, unsigned, infinity, sign = _PATTERNS[cells.dtype.itemsize]
    flat = cells.reshape(-1)
    largest = np.maximum.reduce(flat.view(unsigned))
    if largest < infinity | sign and np.maximum.reduce(flat.view(signed)) < infinity:
        return 0
    return cells.size - int(np.count_nonzero(np.isfinite(cells)))


def _lay_out_mixed(
    block: npt.NDArray[np.uint8],
    layout: Layout,
    undo: Mapping[int, Undo],
    target: Values,
    clock: SplitClock | None,
) -> int:
    """Put a block of values of several kinds or widths into its rows of the events."""
    not_finite = 0
    at = 0
    words: dict[int, Cells] = {}
    little, packed = layout.order.little, layout.packed
    if packed:
        bits = np.unpackbits(block, bitorder="little" if little else "big")
        grid = bits[: len(target) * layout.row_bits].reshape(len(target), -1)
    else:
        grid = block.reshape(len(target), -1)
    for index, column in enumerate(layout.columns):
        if packed:
            cells = _from_bits(grid[:, at : at + column.bits], little=little)
            at += column.bits
        else:
            width = column.bits // 8
            cells = _assembled(grid[:, at : at + width], layout.order.places(width))
            at += width
        cells = _typed(cells, column.kind)
        if column.kind is not ValueKind.INTEGER:
            not_finite += _not_finite(cells)
        elif column.mask is not None:
            cells = cells & cells.dtype.type(column.mask)
        target[:, index] = undo[index](cells) if index in undo else cells
        if clock is not None and index in {clock.high, clock.low}:
            words[index] = cells
    if clock is not None:
        target[:, len(layout.columns)] = clock.ticks(words[clock.high], words[clock.low])
    return not_finite


def _assembled(raw: npt.NDArray[np.uint8], places: tuple[int, ...]) -> Cells:
    """Return unsigned integers of (n, width) bytes; byte i goes to place i, the lowest being 0."""
    container = next(size for size in (1, 2, 4, 8) if size >= len(places))
    little = np.zeros((len(raw), container), dtype=np.uint8)
    for written, place in enumerate(places):
        little[:, place] = raw[:, written]
    return little.view(f"<u{container}").reshape(-1)


def _from_bits(bits: npt.NDArray[np.uint8], *, little: bool) -> Cells:
    """Return unsigned integers from (n, width) single bits."""
    kind = np.uint32 if bits.shape[1] <= 32 else np.uint64
    cells: Cells = np.zeros(len(bits), dtype=kind)
    places = range(bits.shape[1] - 1, -1, -1) if little else range(bits.shape[1])
    for place in places:
        cells <<= kind(1)
        cells |= bits[:, place]
    return cells


def _typed(cells: Cells, kind: ValueKind) -> Cells:
    match kind:
        case ValueKind.INTEGER:
            return cells
        case ValueKind.SINGLE:
            return cells.view("<f4")
        case ValueKind.DOUBLE:
            return cells.view("<f8")
