"""Some of a file's events as a file of their own: the same bytes an event, and its keywords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cd5flow.config.atomic import ANYBODY, open_atomically
from cd5flow.errors import FcsUnsupportedError, OptionError, OutputError
from cd5flow.fcs.compose import PLACES, compose
from cd5flow.fcs.datasets import Described, choose_data_set, completed, describe, read_data_sets
from cd5flow.fcs.file import read_fcs
from cd5flow.fcs.source import Source, open_source
from cd5flow.model.events import Mask

_BLOCK_BYTES: Final = 1 << 20
_GONE: Final = frozenset({*PLACES, "$TOT", "$FIL", "$ORIGINALITY"})


def write_subset(
    path: Path,
    out: Path,
    inside: Mask,
    *,
    dataset: int | None = None,
    keywords: Mapping[str, str] | None = None,
    mode: int = ANYBODY,
) -> int:
    """Write the events that are inside as an FCS file of one data set; return how many they are.

    Every event keeps its bytes, and the data set its keywords: names of patients too. What says where
    something lies, ``$TOT`` and ``$FIL`` are the new file's own; ANALYSIS and other segments are left
    out. The file is read back and compared before it appears.

    Args:
        path: the file; it is not changed.
        out: the new file; an existing one is replaced.
        inside: (n_events,) in file order.
        dataset: which data set, from 1; None is the one that `read_fcs` chooses.
        keywords: to be added, upper-case.
        mode: of the new file, as far as umask lets it.

    Raises:
        FileAccessError: the file is absent or may not be read.
        FcsError: it cannot be read, or the new one would read otherwise.
        OptionError: the new file would replace this one, or there is no such data set.
        OutputError: the new file cannot be written.
    """
    if out.exists() and out.samefile(path):
        raise OptionError(f"{out}: is the tube itself; expected another name")
    kept = int(np.count_nonzero(inside))
    try:
        with open_source(path) as source:
            sets, _ = read_data_sets(source)
            chosen, _ = choose_data_set(sets, dataset, name=source.name)
            data_set, _ = completed(sets, chosen)
            found = describe(source, data_set)
            if found.located.events != len(inside):
                raise FcsUnsupportedError(
                    f"{path.name}: holds {found.located.events:,} events, expected {len(inside):,}"
                )
            pairs = {k: v for k, v in data_set.keywords.items() if k not in _GONE and v}
            pairs |= {"$TOT": str(kept), "$FIL": out.name, **(keywords or {})}
            if data_set.header.version >= "3.1":
                pairs["$ORIGINALITY"] = "DataModified"
            parts = compose(
                pairs,
                _rows(source, found, inside),
                data_bytes=found.located.layout.bytes_of(kept),
                version=data_set.header.version,
                name=path.name,
            )
            with open_atomically(out, mode=mode) as file:
                for part in parts:
                    file.write(part)
                file.flush()
                _compare((path, chosen + 1), Path(file.name), inside, len(found.stored))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return kept


def _rows(source: Source, found: Described, inside: Mask) -> Iterator[bytes]:
    """Yield the bytes of the events that are inside."""
    layout, begin = found.located.layout, found.located.begin
    if layout.row_bits % 8:
        yield _packed_rows(source, found, inside)
        return
    width = layout.row_bits // 8
    step = max(1, _BLOCK_BYTES // width)
    for first in range(0, len(inside), step):
        part = inside[first : first + step]
        if part.any():
            block = np.empty(len(part) * width, dtype=np.uint8)
            source.read_into(begin + first * width, block)
            yield block.reshape(len(part), width)[part].tobytes()


def _packed_rows(source: Source, found: Described, inside: Mask) -> bytes:
    """Return events that do not end with a byte, bit by bit one behind the other."""
    layout = found.located.layout
    block = np.empty(layout.bytes_of(len(inside)), dtype=np.uint8)
    source.read_into(found.located.begin, block)
    order: Literal["little", "big"] = "little" if layout.order.little else "big"
    bits = np.unpackbits(block, bitorder=order)[: len(inside) * layout.row_bits]
    return np.packbits(bits.reshape(len(inside), -1)[inside].ravel(), bitorder=order).tobytes()


def _compare(tube: tuple[Path, int], spare: Path, inside: Mask, stored: int) -> None:
    """Read both files and compare the channels that are stored.

    A Time that is put together of two of them counts from the part's own first event.

    Raises:
        FcsUnsupportedError: the events of the new one are others.
    """
    path, dataset = tube
    before, after = read_fcs(path, dataset=dataset), read_fcs(spare)
    old, new = before.events[inside][:, :stored], after.events[:, :stored]
    same = np.array_equal(old.view(np.uint32), new.view(np.uint32))
    named = [[(c.detector, c.label) for c in one.channels[:stored]] for one in (before, after)]
    if not same or named[0] != named[1]:
        raise FcsUnsupportedError(
            f"{path.name}: its events would read differently in the new file; nothing was written"
        )
