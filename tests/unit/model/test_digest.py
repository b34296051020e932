"""The digest of a result: canonical JSON as RFC 8785 has it, and what of a result it covers."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.errors import ResultError
from cd5flow.model.digest import canonical, digest_of
from cd5flow.model.result import ReviewSection
from support.report_factory import make_result

# RFC 8785, appendix B: a double by its bits, and how ECMAScript writes it.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_written_as_ecmascript_writes_them(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == text.encode()


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    given_text = r"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(json.loads(given_text)) == expected.encode()


def test_names_are_sorted_by_their_utf_16_code_units() -> None:
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(canonical(names)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_a_whole_number_is_the_double_that_readers_take_it_for() -> None:
    assert canonical({"seed": 2**60}) == b'{"seed":1152921504606847000}'
    assert canonical(5) == canonical(5.0) == b"5"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 10**400, "\ud800", {"\ud800": 1}],
    ids=["nan", "infinity", "beyond a double", "half a character", "half a character in a name"],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ResultError, match="canonical JSON"):
        canonical(value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text(st.characters(codec="utf-8")),
        lambda part: (
            st.lists(part, max_size=4) | st.dictionaries(st.text("aö€😀"), part, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_canonical_json_reads_back_equal_and_is_its_own_canonical_form(value: Any) -> None:
    written = canonical(value)
    assert json.loads(written, parse_int=float) == value
    assert canonical(json.loads(written)) == written
    assert written == rfc8785.dumps(value)


def test_the_digest_is_of_everything_but_review_and_itself() -> None:
    result = make_result()
    plain = json.loads(result.to_json())
    rest = {name: value for name, value in plain.items() if name not in {"review", "digest"}}
    assert plain["digest"] == hashlib.sha256(canonical(rest)).hexdigest() == digest_of(result)
    reviewed = result.model_copy(update={"review": ReviewSection(state="confirmed", by="R7")})
    assert digest_of(reviewed) == result.digest
    assert result.shown_digest == plain["digest"][:8]


def test_every_other_field_counts() -> None:
    plain = json.loads(make_result().to_json())
    for name in plain.keys() - {"review", "digest"}:
        assert digest_of(plain | {name: "changed"}) != plain["digest"], name


def test_what_is_written_has_the_digest_of_its_content_whatever_was_changed() -> None:
    stale = make_result().model_copy(update={"phenotype": (), "findings": ()})
    plain = json.loads(stale.to_json())
    assert plain["digest"] == digest_of(plain)
