"""Names of samples' folders: any script, any length, on any file system."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.names import distinct_folder_name, folder_name, shown_name


@given(st.text(min_size=1))
def test_a_folder_is_one_name_of_letters_digits_and_few_signs(sample_id: str) -> None:
    name = folder_name(sample_id)
    assert name
    assert not name.startswith(".")
    assert len(name.encode()) <= 120
    assert all(letter.isalnum() or letter in "._+- " for letter in name)


@given(st.from_regex(r"[A-Za-z0-9_+\-][A-Za-z0-9_+\-.]{5,40}", fullmatch=True))
def test_a_plain_name_stays_as_it_is(stem: str) -> None:
    assert folder_name(stem) == shown_name(stem) == stem


@pytest.mark.parametrize(
    ("sample_id", "folder"),
    [
        ("張三", "張三"),
        ("Müller", "Müller"),
        (unicodedata.normalize("NFD", "Müller"), "Müller"),
        ("Иванов №7", "Иванов _7"),
        ("a/b\\c:d", "a_b_c_d"),
        ("a\nb\u200fc", "a_b_c"),
        (".hidden", "_hidden"),
        ("..", "_."),
        ("🙂", "_"),
        (r"caf\xe9", "caf_xe9"),
        ("x" * 300, "x" * 120),
        ("張" * 60, "張" * 40),
        ("x" + "張" * 60, "x" + "張" * 39),
    ],
)
def test_every_sign_that_is_no_letter_or_digit_of_a_script_becomes_an_underscore(
    sample_id: str, folder: str
) -> None:
    assert folder_name(sample_id) == folder


def test_a_shared_name_gets_six_digits_of_the_ids_own_digest() -> None:
    assert distinct_folder_name("a?b") == "a_b~c2a7b6"
    assert distinct_folder_name("a_b") != distinct_folder_name("a?b")


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"caf\xe9", r"caf\xe9"), ("café".encode(), "café"), (b"\xff\xfe\n", "\\xff\\xfe\n")],
)
def test_bytes_that_are_no_utf8_are_shown_in_hexadecimal(name: bytes, shown: str) -> None:
    assert shown_name(os.fsdecode(name)) == shown
