"""DATA: from bytes to linear values, block by block, laid out by channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.fcs.layout import Column, Kind, Layout
from cd5flow.fcs.source import Source
from cd5flow.model.events import Channel, Values

# A block stays in the second-level cache while it is swapped, masked and laid out by channel.
_BLOCK_BYTES: Final = 1 << 19
_BLOCK_ROWS: Final = 512  # so that many channels do not mean many calls on short columns
_TABLE_BITS: Final = 20

Cells = npt.NDArray[Any]
Undo = Callable[[Cells], Cells]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The values of a data set.

    Attributes:
        values: (n_events, n_channels) float32, Fortran order, read-only.
        not_finite: how many stored floats are NaN or infinite.
    """

    values: Values
    not_finite: int


def undo_amplification(
    channels: Sequence[Channel], layout: Layout, *, events: int
) -> dict[int, Undo]:
    """Return, for each column that needs one, the function from stored to linear values.

    Logarithms of integer data: v = 10**(e0*x/R)*e1 ($PnE of FCS 3.1). Gain: v = x/g. Time keeps
    its ticks.
    """
    undo: dict[int, Undo] = {}
    for channel, column in zip(channels, layout.columns, strict=True):
        if channel.is_time:
            continue
        if channel.logarithmic and column.kind is Kind.INTEGER:
            undo[channel.index] = _exponential(channel, column, events=events)
        elif channel.gain != 1.0:
            undo[channel.index] = _divided(channel.gain)
    return undo


def _divided(gain: float) -> Undo:
    return lambda stored: np.divide(stored, gain, dtype=np.float64)


def _exponential(channel: Channel, column: Column, *, events: int) -> Undo:
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
    source: Source, *, begin: int, layout: Layout, events: int, undo: Mapping[int, Undo]
) -> Decoded:
    """Read the events that begin at byte ``begin``; their bytes are known to be in the file.

    Raises:
        FcsTruncatedError: the file became shorter meanwhile.
        FileAccessError: the system refuses to read.
    """
    values: Values = np.empty((events, len(layout.columns)), dtype=np.float32, order="F")
    not_finite = 0
    # Doubles and logarithms may be too large for float32: they become infinite. NaN stays NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        for start, rows, block in _blocks(source, begin, layout, events):
            target = values[start : start + rows]
            if layout.uniform and layout.columns[0].bits % 8 == 0:
                not_finite += _lay_out_uniform(block.reshape(rows, -1), layout, undo, target)
            else:
                not_finite += _lay_out_mixed(block, rows, layout, undo, target)
    values.setflags(write=False)
    return Decoded(values=values, not_finite=not_finite)


def _blocks(
    source: Source, begin: int, layout: Layout, events: int
) -> Iterator[tuple[int, int, npt.NDArray[np.uint8]]]:
    """Yield the first event, the number of events and the bytes of each block, in one buffer."""
    # Eight events end on a byte, whatever their width.
    step = max(_BLOCK_ROWS, _BLOCK_BYTES * 8 // layout.row_bits // 8 * 8)
    buffer = np.empty(layout.bytes_of(min(step, events)), dtype=np.uint8)
    for start in range(0, events, step):
        rows = min(step, events - start)
        block = buffer[: layout.bytes_of(rows)]
        source.read_into(begin + layout.bytes_of(start), block)
        yield start, rows, block


def _lay_out_uniform(
    block: npt.NDArray[np.uint8], layout: Layout, undo: Mapping[int, Undo], target: Values
) -> int:
    """Put a block whose values share one kind and width into its rows of the events."""
    rows, count = len(block), len(layout.columns)
    column = layout.columns[0]
    width = column.bits // 8
    if width in {1, 2, 4, 8} and (layout.order.little or layout.order.big):
        cells: Cells = block.reshape(-1).view(f"<u{width}")
        if layout.order.big and width > 1:
            cells.byteswap(inplace=True)
    else:
        cells = _assembled(block.reshape(-1, width), layout.order.places(width))
    cells = _typed(cells, column.kind).reshape(rows, count)
    not_finite = 0
    if column.kind is not Kind.INTEGER:
        not_finite = cells.size - int(np.count_nonzero(np.isfinite(cells)))
    elif any(each.mask is not None for each in layout.columns):
        all_bits = (1 << column.bits) - 1
        masks = [all_bits if each.mask is None else each.mask for each in layout.columns]
        np.bitwise_and(cells, np.array(masks, dtype=cells.dtype), out=cells)
    target[:] = cells
    for index, linear in undo.items():
        target[:, index] = linear(cells[:, index])
    return not_finite


def _lay_out_mixed(
    block: npt.NDArray[np.uint8],
    rows: int,
    layout: Layout,
    undo: Mapping[int, Undo],
    target: Values,
) -> int:
    """Put a block of values of several kinds or widths into its rows of the events."""
    not_finite = 0
    at = 0
    little, packed = layout.order.little, layout.packed
    if packed:
        bits = np.unpackbits(block, bitorder="little" if little else "big")
        grid = bits[: rows * layout.row_bits].reshape(rows, -1)
    else:
        grid = block.reshape(rows, -1)
    for index, column in enumerate(layout.columns):
        if packed:
            cells = _from_bits(grid[:, at : at + column.bits], little=little)
            at += column.bits
        else:
            width = column.bits // 8
            cells = _assembled(grid[:, at : at + width], layout.order.places(width))
            at += width
        cells = _typed(cells, column.kind)
        if column.kind is not Kind.INTEGER:
            not_finite += cells.size - int(np.count_nonzero(np.isfinite(cells)))
        elif column.mask is not None:
            cells = cells & cells.dtype.type(column.mask)
        target[:, index] = undo[index](cells) if index in undo else cells
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


def _typed(cells: Cells, kind: Kind) -> Cells:
    match kind:
        case Kind.INTEGER:
            return cells
        case Kind.SINGLE:
            return cells.view("<f4")
        case Kind.DOUBLE:
            return cells.view("<f8")
