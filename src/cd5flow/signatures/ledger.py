"""The ledger of a results folder: an SQLite file to which rows are added and nothing else.

Triggers refuse every change of a row, and any row that does not follow the last; whoever gets round them
breaks the chain (`cd5flow.signatures.chain`). While it is written the file has a write-ahead log, so that
readers never wait; on a network drive, where that is not safe, and at rest it has none: one file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from cd5flow.config.atomic import as_private_as
from cd5flow.errors import BusyError, FileAccessError, LedgerError, OutputError
from cd5flow.model.opening import check_regular
from cd5flow.signatures.acts import Act, Entry
from cd5flow.signatures.chain import Break, Row, breaks, make_row
from cd5flow.signatures.drives import network_drive
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.users import utc_now

LEDGER: Final = "ledger.sqlite3"
LABEL: Final = "cd5flow.ledger/1"

BUSY_SECONDS: Final = 15.0
"""How long to wait for another writer; an act is written in milliseconds."""

_COLUMNS: Final = Row.__slots__
_SCHEMA: Final = (
    """CREATE TABLE ledger(
  entry INTEGER PRIMARY KEY, at TEXT NOT NULL, act TEXT NOT NULL, subject TEXT NOT NULL,
  user TEXT NOT NULL, body TEXT NOT NULL, key TEXT NOT NULL, previous TEXT NOT NULL,
  signature TEXT NOT NULL, hash TEXT NOT NULL
) STRICT""",
    """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
WHEN NEW.entry IS NOT (SELECT coalesce(max(entry), 0) + 1 FROM ledger)
  OR NEW.previous IS NOT coalesce((SELECT hash FROM ledger ORDER BY entry DESC LIMIT 1), '')
BEGIN SELECT RAISE(ABORT, 'an entry of the ledger follows the last one'); END""",
    "CREATE INDEX ledger_by_subject ON ledger(subject)",
)


@dataclass(slots=True)
class Ledger:
    """A ledger that is open; several threads may share it.

    Attributes:
        path: the file.
        network: the kind of network drive that it lies on, where it is known to lie on one.
        clock: tells the time.
    """

    path: Path
    network: str | None
    clock: Callable[[], datetime]
    _connection: sqlite3.Connection
    _turn: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime] = utc_now) -> Ledger:
        """Open a ledger to add to it; it is made where it is absent.

        Raises:
            LedgerError: something else stands there.
            OutputError: it cannot be made or written.
        """
        network = network_drive(path.parent)
        with _spoken(path):
            if not path.exists():
                _make(path)
            connection = _connect(path, "rw")
        ledger = cls(path, network, clock, connection)
        try:
            with _spoken(path):
                journal = "DELETE" if network else "WAL"
                connection.execute(f"PRAGMA journal_mode={journal}").fetchone()
                connection.execute("PRAGMA synchronous=FULL")
            ledger._check_table()
        except BaseException:
            connection.close()
            raise
        return ledger

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Open a ledger to read it, also where nothing may be written.

        Raises:
            FileAccessError: it is absent or unreadable.
            LedgerError: it is none.
        """
        try:
            check_regular(path)
        except OSError as error:
            raise FileAccessError(f"{path}: cannot be read ({error.strerror or error})") from error
        with _spoken(path):
            connection = _readable(path)
        ledger = cls(path, network_drive(path.parent), utc_now, connection)
        try:
            ledger._check_table()
        except BaseException:
            connection.close()
            raise
        return ledger

    def close(self) -> None:
        """Close it; where no other has it open, one file is left."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, act: Act, key: UnlockedKey | None = None) -> Entry:
        """Record an act: when this returns it is on the disk.

        Args:
            act: what was done.
            key: of who did it; None where no key was unlocked.

        Raises:
            BusyError: another writer does not end.
            LedgerError: it cannot be recorded.
            OutputError: the disk is full, or refuses; nothing was recorded.
        """
        with self.writing() as add:
            return add(act, key)

    @contextmanager
    def writing(self) -> Iterator[Callable[[Act, UnlockedKey | None], Entry]]:
        """Keep other writers out while it is decided what to record; give what records.

        All that is recorded in the block is kept, or, where it ends with an error, none of it.

        Raises:
            BusyError: another writer does not end.
            OutputError: the disk is full, or refuses; nothing was recorded.
        """
        with self._turn:
            with _spoken(self.path):
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._add
                with _spoken(self.path):
                    self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def entries(self, subject: str | None = None, *, after: int = 0) -> tuple[Entry, ...]:
        """Return the rows in their order: all, or those about one sample.

        Args:
            subject: the sample's folder; None is all.
            after: leaves out this row and those before it.

        Raises:
            LedgerError: the file is damaged.
        """
        columns = ", ".join(_COLUMNS)
        about = "" if subject is None else " AND subject = ?"
        values = (after,) if subject is None else (after, subject)
        with self._turn, _spoken(self.path):
            found = self._connection.execute(
                f"SELECT {columns} FROM ledger WHERE entry > ?{about} ORDER BY entry",  # noqa: S608 - names of ours
                values,
            ).fetchall()
        return tuple(Entry(_row(one)) for one in found)

    def last(self) -> Entry | None:
        """Return the newest row; None where there is none.

        Raises:
            LedgerError: the file is damaged.
        """
        columns = ", ".join(_COLUMNS)
        with self._turn, _spoken(self.path):
            found = self._connection.execute(
                f"SELECT {columns} FROM ledger ORDER BY entry DESC LIMIT 1"  # noqa: S608 - as above
            ).fetchone()
        return None if found is None else Entry(_row(found))

    def breaks(self) -> tuple[Break, ...]:
        """Return every row that was changed or taken out, as far as the chain alone can tell."""
        return tuple(breaks(LABEL, [entry.row for entry in self.entries()]))

    def _add(self, act: Act, key: UnlockedKey | None) -> Entry:
        before = self.last()
        row = make_row(
            LABEL,
            None if before is None else before.row,
            act=act.kind.value,
            subject=act.subject,
            user=act.user if key is None else key.user,
            values=act.values,
            key=key,
            now=self.clock(),
        )
        marks = ", ".join("?" * len(_COLUMNS))
        with _spoken(self.path):
            self._connection.execute(
                f"INSERT INTO ledger({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608 - as above
                tuple(getattr(row, name) for name in _COLUMNS),
            )
        return Entry(row)

    def _check_table(self) -> None:
        with _spoken(self.path):
            found = {row[1] for row in self._connection.execute("PRAGMA table_info(ledger)")}
        if not set(_COLUMNS) <= found:
            raise LedgerError(f"{self.path}: holds no table of a ledger")


def _make(path: Path) -> None:
    """Make an empty ledger, as private as the strictest result beside it; another may do so too.

    It is filled aside: on a disk that is full no ledger is there, rather than one without a table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = as_private_as(path.parent.glob("*/result.json"))
    spare = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        os.close(os.open(spare, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))
        with contextlib.closing(_connect(spare, "rw")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("COMMIT")
        _place(spare, path)
    finally:
        for left in (spare, spare.with_name(f"{spare.name}-journal")):
            with contextlib.suppress(OSError):
                left.unlink()


def _place(spare: Path, path: Path) -> None:
    """Give a file its name, unless another has it by now."""
    try:
        os.link(spare, path)
    except FileExistsError:
        return
    except (OSError, NotImplementedError):  # a file system without hard links
        if not path.exists():
            spare.rename(path)


def _connect(path: Path, mode: str, *, more: str = "") -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode={mode}{more}"
    # Transactions are begun and ended here, by name.
    return sqlite3.connect(
        address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _readable(path: Path) -> sqlite3.Connection:
    """Open a file to read; in a folder where SQLite may make no files beside it, as it stands."""
    connection = _connect(path, "ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
            raise
        connection = _connect(path, "ro", more="&immutable=1")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    return connection


def _row(values: tuple[object, ...]) -> Row:
    """Return a stored row; what is no text in one that others made becomes it, and breaks the chain."""
    entry, *texts = values
    return Row(int(str(entry)), *(one if isinstance(one, str) else repr(one) for one in texts))


@contextmanager
def _spoken(path: Path) -> Iterator[None]:
    """Say what SQLite refused in our words.

    Raises:
        BusyError: another writer does not end.
        LedgerError: the file is damaged or no ledger.
        OutputError: the system refuses to write.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BusyError(f"{path}: another process is writing into it; run again") from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}:
            raise LedgerError(f"{path}: is no ledger, or is damaged ({error})") from error
        if code == sqlite3.SQLITE_CONSTRAINT:
            raise LedgerError(f"{path}: refuses this entry ({error})") from error
        raise OutputError(f"{path}: cannot be written, nothing was recorded ({error})") from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
