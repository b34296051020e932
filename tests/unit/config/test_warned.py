"""Warnings of libraries reach no user, unless Python was asked for them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

import pytest

from cd5flow.config.warned import divert_warnings


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    told: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # is put back
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield told


def test_a_warning_goes_to_who_wants_it(
    told: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "warnoptions", [])
    divert_warnings(told.append)
    warnings.warn("divide by zero", RuntimeWarning, stacklevel=1)
    assert told == ["RuntimeWarning: divide by zero"]
    assert capsys.readouterr().err == ""


def test_who_asks_python_for_warnings_gets_them(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    before = warnings.showwarning
    divert_warnings(told.append)
    assert warnings.showwarning is before
