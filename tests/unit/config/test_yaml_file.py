"""Reading YAML files: the dialect, the marks, and every fault at once."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cd5flow.config.yaml_file import load_yaml, loads_yaml
from cd5flow.config.yaml_nodes import MAX_BYTES, MAX_DEPTH
from cd5flow.errors import ClinicalError, StrategyError, UsageError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Circle(Strict):
    shape: Literal["circle"]
    centre: tuple[float, float]
    colour: Colour = Colour.RED


class Square(Strict):
    shape: Literal["square"]
    side: float
    events: int = 1

    @model_validator(mode="after")
    def _not_too_large(self) -> Square:
        if self.side > 10:
            raise ValueError("side must not exceed 10")
        return self


class Drawing(Strict):
    shapes: list[Annotated[Circle | Square, Field(discriminator="shape")]] = []
    counts: dict[str, int] = {}
    title: str | None = None
    shown: bool | None = None
    drawn_on: date | None = None
    size: int | str = 1


class Anything(BaseModel):
    value: Any = None


def read(text: str) -> Drawing:
    return loads_yaml(text, Drawing, error=StrategyError, name="d.yaml").value


def faults(text: str, model: type[BaseModel] = Drawing) -> list[str]:
    with pytest.raises(StrategyError) as caught:
        loads_yaml(text, model, error=StrategyError, name="d.yaml")
    return caught.value.message.splitlines()


def scalar(text: str) -> Any:
    return loads_yaml(f"value: {text}\n", Anything, error=StrategyError).value.value


def test_value_hash_and_path_are_given(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes(b"title: one\r\n")
    loaded = load_yaml(path, Drawing, error=StrategyError)
    assert loaded.value.title == "one"
    assert loaded.path == path
    assert loaded.sha256 == hashlib.sha256(b"title: one\r\n").hexdigest()


def test_lists_fit_tuples_texts_fit_enums_and_dates() -> None:
    drawing = read(
        "shapes: [{shape: circle, centre: [1, 2.5], colour: blue}]\ndrawn_on: 2024-01-31"
    )
    circle = drawing.shapes[0]
    assert isinstance(circle, Circle)
    assert circle.centre == (1.0, 2.5)
    assert circle.colour is Colour.BLUE
    assert drawing.drawn_on == date(2024, 1, 31)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("1e5", 1e5),
        ("1.5E-3", 0.0015),
        (".5", 0.5),
        ("-7", -7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-31", "2024-01-31"),
        ("'5'", "5"),
        ('"true"', "true"),
        (r'"\ud83d\ude00"', "\U0001f600"),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.floats(allow_nan=False, width=32),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    ).filter(lambda value: "inf" not in repr(value))
)
def test_json_is_read_as_json(value: object) -> None:
    text = json.dumps({"value": value})
    assert loads_yaml(text, Anything, error=StrategyError).value.value == value


def test_json_may_be_indented_with_tabs() -> None:
    assert read('{\n\t"title": "a\\/b",\n\t"shown":true\n}').title == "a/b"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes(b"\xef\xbb\xbftitle: one\n")
    assert load_yaml(path, Drawing, error=StrategyError).value.title == "one"


def test_every_fault_is_named_at_once_in_file_order() -> None:
    text = """\
title: 5
shapes:
  - {shape: circle, centre: [1]}
  - shape: oval
  - centre: [1, 2]
  - shape: square
    side: "4"
    corners: 4
  - shape: square
    side: 11
counts: {a: 1.5, b: true}
shown: no
colour: red
colour: blue
"""
    assert faults(text) == [
        "d.yaml:1:8: title: should be text, found 5; write it in quotes",
        "d.yaml:3:21: shapes[0].centre: item 2 is missing",
        "d.yaml:4:5: shapes[1]: unknown shape 'oval', expected 'circle', 'square'",
        "d.yaml:5:5: shapes[2]: field 'shape' is missing",
        'd.yaml:7:11: shapes[3].side: should be a valid number, found "4"',
        "d.yaml:8:5: shapes[3].corners: unknown field",
        "d.yaml:9:5: shapes[4]: side must not exceed 10",
        "d.yaml:11:13: counts.a: should be a valid integer, found 1.5",
        "d.yaml:11:21: counts.b: should be a valid integer, found true",
        'd.yaml:12:8: shown: should be a valid boolean, found "no"',
        "d.yaml:13:1: colour: unknown field",
        "d.yaml:14:1: colour: a second key of this name (see line 13)",
    ]


def test_a_missing_field_points_at_the_key_of_its_mapping() -> None:
    class Frame(Strict):
        width: float

    class Picture(Strict):
        frame: Frame

    assert faults("frame:\n  {}\n", Picture) == ["d.yaml:1:1: frame: field 'width' is missing"]
    assert faults("{}", Picture) == ["d.yaml:1:1: field 'frame' is missing"]


def test_members_of_a_plain_union_share_one_line() -> None:
    assert faults("size: []") == ["d.yaml:1:7: size: should be a valid integer or should be text"]


def test_a_key_that_does_not_fit_is_pointed_at() -> None:
    class Counts(Strict):
        by_name: dict[Annotated[str, Field(pattern="^[a-z]+$")], int]

    (line,) = faults("by_name: {ok: 1, NO: 2}", Counts)
    assert line == "d.yaml:1:18: by_name.NO: as a key string should match pattern '^[a-z]+$'"


def test_columns_count_characters_not_bytes() -> None:
    assert faults("{title: äöü, shown: 3}")[0].startswith("d.yaml:1:21: shown")


def test_anchors_aliases_and_tags_are_refused_together() -> None:
    assert faults("title: &a one\ncounts: {x: !!int 3, y: *a}\n") == [
        "d.yaml:1:8: anchor &a: write each value where it is used",
        "d.yaml:2:13: tag tag:yaml.org,2002:int: values have the type their field asks for",
        "d.yaml:2:25: alias *a: write the value out",
    ]


def test_tags_that_run_code_are_refused() -> None:
    assert "tag" in faults("title: !!python/object/apply:os.getcwd []")[0]


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "~: 1\n", "{a: 1}: 2\n"])
def test_a_key_must_be_text(text: str) -> None:
    assert faults(text, Anything)[0].endswith("a key must be text")


def test_a_key_written_with_escapes_is_named_as_a_character() -> None:
    assert faults(r'"\ud83d\ude00": 1') == ["d.yaml:1:1: \U0001f600: unknown field"]


def test_several_fields_missing_from_one_mapping_are_all_named() -> None:
    class Size(Strict):
        width: int
        height: int

    assert faults("{}", Size) == [
        "d.yaml:1:1: field 'height' is missing",
        "d.yaml:1:1: field 'width' is missing",
    ]


def test_keys_are_their_text() -> None:
    assert read("counts: {1: 2, no: 3, true: 4}").counts == {"1": 2, "no": 3, "true": 4}


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999"])
def test_numbers_must_be_finite(text: str) -> None:
    assert faults(f"counts: {{a: {text}}}") == [f"d.yaml:1:13: {text} is not a finite number"]


def test_a_number_of_hundreds_of_digits_is_refused_in_a_short_line() -> None:
    (line,) = faults(f"counts: {{a: {'9' * 5000}}}")
    assert line.endswith("... is not a finite number")
    assert len(line) < 120


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n"])
def test_an_empty_file_is_a_fault(text: str) -> None:
    assert faults(text) == ["d.yaml:1:1: the file is empty"]


def test_a_second_document_is_a_fault() -> None:
    assert faults("title: a\n---\ntitle: b\n") == [
        "d.yaml:2:1: a second document; a file holds one"
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("title: a: b", "d.yaml:1:9: mapping values are not allowed here"),
        ("shapes: [1, 2", "d.yaml:1:14: expected ',' or ']'"),
        ("title: a\n\x00", "d.yaml:2:1: character U+0000"),
        ("title: 'a", "d.yaml:1:10: found unexpected end of stream"),
        (r'title: "\ud83d"', "d.yaml:1:8: half of a surrogate pair"),
        ("- 1", "d.yaml:1:1: should be a mapping of fields"),
        ("just text", 'd.yaml:1:1: should be a mapping of fields, found "just text"'),
    ],
)
def test_text_that_is_no_yaml_says_where(text: str, where: str) -> None:
    assert faults(text)[0].startswith(where)


def test_depth_is_bounded() -> None:
    assert "nested deeper" in faults("value: " + "[" * 5000, Anything)[0]
    nested = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert loads_yaml(f"value: {nested}", Anything, error=StrategyError).value.value is not None


def test_a_file_of_a_megabyte_is_the_largest(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    head = b"title: one\n#"
    path.write_bytes(head + b"x" * (MAX_BYTES - len(head)))
    assert load_yaml(path, Drawing, error=StrategyError).value.title == "one"
    path.write_bytes(head + b"x" * (MAX_BYTES + 1 - len(head)))
    with pytest.raises(StrategyError, match="larger than 1,000,000 bytes"):
        load_yaml(path, Drawing, error=StrategyError)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_no_more_than_fifty_faults_are_told_of_a_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"many.{form}"
    fields = {f"field{n}": n for n in range(300)}
    text = (
        json.dumps(fields) if form == "json" else "".join(f"{k}: {v}\n" for k, v in fields.items())
    )
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as refused:
        load_yaml(path, Drawing, error=UsageError)
    lines = refused.value.message.splitlines()
    assert len(lines) == 51
    assert lines[-1].startswith("and ")


def test_a_file_of_more_values_than_any_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("".join(f"f{n}: 1\n" for n in range(12_000)), "utf-8")
    with pytest.raises(UsageError, match="more than 20,000 values"):
        load_yaml(path, Drawing, error=UsageError)


def test_bytes_that_are_not_utf_8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes("title: ä\ncounts: {é: 1}\n".encode("latin-1"))
    with pytest.raises(StrategyError, match=r":1:8: byte 0xe4 is not UTF-8"):
        load_yaml(path, Drawing, error=StrategyError)


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_an_unreadable_file_is_the_callers_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClinicalError, match="cannot be read"):
        load_yaml(tmp_path / name, Drawing, error=ClinicalError)


def test_where_gives_the_place_of_a_field() -> None:
    text = "title: a\nshapes:\n  - shape: square\n    side: 2\n"
    loaded = loads_yaml(text, Drawing, error=StrategyError, name="d.yaml")
    assert loaded.where("shapes", 0, "side") == "d.yaml:4:11"
    assert loaded.where("shapes") == "d.yaml:2:1"
    assert loaded.where("shapes", 0, "events") == "d.yaml:3:5"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    message = ""
    try:
        loads_yaml(text, Drawing, error=StrategyError, name="d.yaml")
    except UsageError as refused:
        message = refused.message
    assert all(line.startswith("d.yaml:") for line in message.split("\n") if message)
    assert message.encode().decode() == message
