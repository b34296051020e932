from __future__ import annotations

import pytest

from cd5flow.plots import typefaces
from cd5flow.report.fonts import Scribe
from support.report_factory import HOSTILE


def test_text_that_can_be_set_is_not_touched() -> None:
    scribe = Scribe(typefaces=True)
    text = "CD5 ≥ 70 % – “Ωμέγα” O'Brien <b> #x $y$ \\z {n}"
    assert scribe.write(text) == text
    assert not scribe.replaced


def test_a_letter_without_glyph_is_written_as_its_code_and_kept_account_of() -> None:
    scribe = Scribe(typefaces=True)
    assert scribe.write("a\U000130a0b") == "a[U+130A0]b"
    assert list(scribe.replaced) == ["\U000130a0"]


def test_different_letters_without_glyph_stay_different() -> None:
    """Two patients' names must not print alike."""
    scribe = Scribe(typefaces=True)
    assert scribe.write("\U000130a0") != scribe.write("\U000130a1")


@pytest.mark.parametrize("typefaces", [True, False])
def test_control_characters_and_turned_text_become_visible(*, typefaces: bool) -> None:
    written = Scribe(typefaces=typefaces).write(HOSTILE["control"])
    assert written == "a[U+0000]b[U+0007]c[U+001B][31md[U+007F]e[U+202E]f[U+200B]g"


def test_line_ends_and_tabs_become_blanks() -> None:
    assert Scribe(typefaces=False).write("one\r\ntwo\tx") == "one  two x"


def test_marks_do_not_climb_over_the_lines_above() -> None:
    written = Scribe(typefaces=False).write(HOSTILE["marks"])
    assert written.count("\u0301") == 3
    assert written.count("[U+0301]") == 27


def test_half_a_surrogate_pair_is_written_as_its_code() -> None:
    assert Scribe(typefaces=False).write("a\ud800") == "a[U+D800]"


@pytest.mark.skipif(not typefaces.has_han(), reason="extra zh is not installed")
def test_chinese_can_be_set_with_the_extra() -> None:
    scribe = Scribe(typefaces=True)
    assert scribe.write(HOSTILE["chinese"]) == HOSTILE["chinese"]


def test_chinese_is_legible_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typefaces, "han_letters", frozenset)
    assert Scribe(typefaces=True).write("张") == "[U+5F20]"
