"""Tables as CSV: what spreadsheets need to read names of any script."""

from __future__ import annotations

import codecs
import csv
import io

from cd5flow.report.tables import csv_text


def test_letters_beyond_ascii_are_announced() -> None:
    written = csv_text(("sample",), [{"sample": "張三"}]).encode()
    assert written.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))
    assert rows == [{"sample": "張三"}]


def test_a_table_of_ascii_is_ascii() -> None:
    assert csv_text(("sample",), [{"sample": "a"}]) == "sample\na\n"
