"""A batch's log for programs: JSON lines, one event a line, samples by their id alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from cd5flow.batch.run import Done, Failed, Finished
from cd5flow.config.atomic import writing
from cd5flow.model.names import shown_name
from cd5flow.model.opening import check_regular


@dataclass(frozen=True, slots=True)
class EventLog:
    """A log that is open; without a file nothing is written.

    Attributes:
        path: the file.
        stream: the same, open.
    """

    path: Path = Path()
    stream: TextIO | None = None

    def write(self, event: str, **fields: object) -> None:
        """Add a line, at once.

        Raises:
            OutputError: it cannot be written.
        """
        if self.stream is None:
            return
        line = {"time": _iso(datetime.now(UTC)), "event": event, **fields}
        with writing(self.path):
            self.stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.stream.flush()

    def sample(self, finished: Finished) -> None:
        """Add what became of a sample: when, by which process, how long it took."""
        reply = finished.reply
        what: dict[str, object]
        if isinstance(finished, Done):
            result = finished.result
            what = {
                "state": "done",
                "cd5": result.cd5.state.value,
                "burden": result.burden.state.value,
                "criterion": result.criterion.state.value,
                "quality": result.quality.state.value,
            }
        else:
            what = {
                "state": "failed",
                "error": finished.error,
                "message": _without_names(finished),
            }
        what = {"sample": finished.job.sample_id, **what}
        if reply is None:
            self.write("sample", **what, earlier=True)
            return
        started = datetime.now(UTC) - timedelta(seconds=reply.seconds)
        self.write(
            "sample",
            **what,
            earlier=False,
            started=_iso(started),
            seconds=round(reply.seconds, 3),
            memory_mb=None if reply.memory_mb is None else round(reply.memory_mb),
            worker=reply.worker or None,
        )


@contextmanager
def open_log(path: Path | None) -> Iterator[EventLog]:
    """Open a log to add to; its folder is made.

    Raises:
        OutputError: it cannot be written.
    """
    if path is None:
        yield EventLog()
        return
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            check_regular(path)
        # Lines are written whole, so that two logs into one file do not mix.
        stream = path.open("a", encoding="utf-8", newline="\n")
    try:
        yield EventLog(path, stream)
    finally:
        with suppress(OSError):  # told when the line was written
            stream.close()


def _without_names(failed: Failed) -> str:
    """Return what was wrong, without names of files, which may be people's."""
    message = failed.message
    for path in (failed.job.file, *failed.job.settings.controls.values()):
        message = message.replace(shown_name(path.name), "FILE")
    return message


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
