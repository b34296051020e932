"""How far a batch is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from cd5flow.cli.terminal import Voice, is_terminal, say, voice

if TYPE_CHECKING:
    from cd5flow.batch.counts import BatchCounts

EVERY_SECONDS: Final = 5.0
_STILL_SECONDS: Final = 60.0
"""How often a line comes although nothing has ended since the last one."""


class Show(Protocol):
    """What is told of a batch while it runs."""

    def ended(self, text: str, *, failed: bool) -> None:
        """Tell that a sample has ended; `text` says in a line what is to be said of it, if anything."""


class FailuresOnly:
    """Tells what failed and nothing else, as `--quiet` asks."""

    def ended(self, text: str, *, failed: bool) -> None:
        """Tell a failure."""
        if failed:
            say(text, style="bad")


class EachSample:
    """Tells every sample in a line and how far it is, as `--verbose` asks."""

    def __init__(self, words: Callable[[], str]) -> None:
        self._words = words

    def ended(self, text: str, *, failed: bool) -> None:
        """Tell what became of a sample, and how far it is."""
        if text:
            say(f"{text} ({self._words()})", style="bad" if failed else None)


class Lines:
    """Tells by lines, of which a file holds few enough to be read."""

    def __init__(self, words: Callable[[], str]) -> None:
        self._words = words
        self._lock = threading.Lock()
        self._told = ""
        self._last = time.monotonic()

    def ended(self, text: str, *, failed: bool) -> None:
        """Tell a failure at once; others come together, every few seconds."""
        if failed:
            with self._lock:
                say(text, style="bad")

    def now(self) -> None:
        """Tell how far it is, unless that is as it was."""
        words, time_ = self._words(), time.monotonic()
        with self._lock:
            if words != self._told or time_ - self._last >= _STILL_SECONDS:
                say(words)
                self._told, self._last = words, time_


@contextmanager
def progress(tally: BatchCounts) -> Iterator[Show]:
    """Show how far a batch is, as its tally says, until the context is left."""
    pace = Pace(tally)
    if voice() is Voice.QUIET:
        yield FailuresOnly()
    elif voice() is Voice.VERBOSE:
        yield EachSample(pace.words)
    elif is_terminal(sys.stderr):
        with _bar(tally, pace) as show:
            yield show
    else:
        with _lines(pace) as show:
            yield show


class Pace:
    """How fast a batch goes, from its tally and the clock."""

    def __init__(self, tally: BatchCounts, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = tally
        self._clock = clock
        self._start = clock()

    def words(self) -> str:
        """Return "12 of 40: 11 done, 1 failed; need a person: 4; 31 a minute, 54 s left"."""
        tally = self._tally
        counts = f"{tally.finished} of {tally.samples}: {tally.done} done, {tally.failed} failed"
        return f"{counts}; need a person: {tally.needs_person}{self._rate()}"

    def _rate(self) -> str:
        """Return rate and time left; nothing before a sample of this run has ended."""
        passed, here = self._clock() - self._start, self._tally.here
        left = self._tally.samples - self._tally.finished
        if here == 0 or passed <= 0:
            return ""
        rate = here / passed
        speed = f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.3g} a minute"
        return f"; {speed}, {duration(left / rate)} left" if left else f"; {speed}"


def duration(seconds: float) -> str:
    """Return a time in words, in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@contextmanager
def _lines(pace: Pace) -> Iterator[Lines]:
    lines = Lines(pace.words)
    over = threading.Event()

    def tick() -> None:
        while not over.wait(EVERY_SECONDS):
            lines.now()

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        over.set()
        thread.join()
        lines.now()


@contextmanager
def _bar(tally: BatchCounts, pace: Pace) -> Iterator[Show]:
    from rich.console import Console  # noqa: PLC0415 - only where there is a bar
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(pace.words(), total=tally.samples)

        class Bar:
            def ended(self, text: str, *, failed: bool) -> None:
                if text:
                    console.print(text, soft_wrap=True, style="red" if failed else None)
                bars.update(bar, completed=tally.finished, description=pace.words())

        yield Bar()
