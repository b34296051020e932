"""Every code has its sentence in every language, and every sentence can be filled in."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest

from cd5flow import model
from cd5flow.model.catalogue import (
    Value,
    catalogue,
    catalogue_languages,
    fields_by_case,
    values_of,
)
from cd5flow.model.quality_limits import CheckCode
from cd5flow.model.reasons import Reason, sentence

FOLDER = Path(model.__file__).parent / "sentences"
ENGLISH = catalogue("en")
EVERY = [(code, case) for code, said in ENGLISH.templates.items() for case in said]
OTHERS = [name for name in catalogue_languages() if name != "en"]

LEFT_OUT = {"CHOICE": frozenset({"strategy"})}
"""Values that a language need not repeat: the strategy stands beside how it was chosen."""

MAY_LACK = {*CheckCode, "FOUND", "UNRESOLVED"}
"""Codes that grow with every quality check and gating method."""


def example(code: str, case: str) -> Reason:
    """Return a reason with a value for every field, a number where the sentence formats one."""
    template = ENGLISH.templates[code][case]
    values: dict[str, Value] = dict.fromkeys(fields_by_case(code)[case], "seven")
    for _, name, spec, _ in string.Formatter().parse(template):
        if name and spec:
            # What is written of a number is a format; of several things it is what parts them.
            values[name] = ("seven", "eight") if spec.endswith(" ") else 7
    return Reason(code, **(values | ({"case": case} if case else {})))


@pytest.mark.parametrize("language", catalogue_languages())
def test_every_sentence_can_be_made_in_every_language(language: str) -> None:
    said = {(code, case): sentence(example(code, case), language) for code, case in EVERY}
    assert {place: words for place, words in said.items() if not words} == {}
    assert {place: words for place, words in said.items() if re.search(r"[{}]", words)} == {}


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_has_the_same_values_in_every_language(language: str) -> None:
    for code, said in catalogue(language).templates.items():
        for case, template in said.items():
            left_out = fields_by_case(code)[case] - values_of(template)
            assert values_of(template) <= fields_by_case(code)[case], (code, case)
            assert left_out <= LEFT_OUT.get(code, frozenset()), (code, case)


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_is_translated_or_known_not_to_be(language: str) -> None:
    """New checks and gating methods need no translation: what they say stands in English."""
    theirs = catalogue(language)
    missing = {code for code, case in EVERY if case not in theirs.templates.get(code, {})}
    assert missing - MAY_LACK == theirs.untranslated - MAY_LACK


@pytest.mark.parametrize("language", catalogue_languages())
def test_every_check_has_a_name(language: str) -> None:
    assert set(catalogue(language).checks) == set(CheckCode)


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_has_a_short_form_in_every_language(language: str) -> None:
    plain = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    assert set(plain["names"]) == set(ENGLISH.names)


@pytest.mark.parametrize("language", catalogue_languages())
def test_no_sentence_calls_a_patient_eligible(language: str) -> None:
    words = catalogue(language)
    text = " ".join(t for said in words.templates.values() for t in said.values()).lower()
    for word in ("eligib", "合格", "入选资格", "符合入组"):
        assert word not in text
