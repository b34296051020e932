"""The documentation as a site: what its pages are made of, and what is asked of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cd5flow.batch.sample_sheet import COLUMNS as SHEET
from cd5flow.batch.summary_columns import COLUMNS as SUMMARY
from cd5flow.cli.commands import program
from cd5flow.cli.schema import schema_of
from cd5flow.errors import Cd5FlowError
from cd5flow.model.catalogue import catalogue
from cd5flow.model.states import BurdenState, Cd5State, CriterionState
from cd5flow.report.flat import COLUMNS as EXPORT
from cd5flow_site.generated import MADE, filled_in
from cd5flow_site.markdown import plain, table
from cd5flow_site.offline import site_faults
from cd5flow_site.schemas import described, schema_page
from cd5flow_site.workshop import PageFaultError, Workshop, chosen_lines, hold_private, parted_edit
from support.paths import ROOT

DOCS = ROOT / "docs"
PLACE = re.compile(r"^<!-- made: (.*) -->$", re.MULTILINE)


def first_cells(text: str) -> set[str]:
    """Return what stands as code in the first column of every table."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def test_every_placeholder_of_a_page_is_made_and_everything_made_is_shown() -> None:
    named = {name for page in DOCS.rglob("*.md") for name in PLACE.findall(page.read_text("utf-8"))}
    assert named == set(MADE)


def test_a_placeholder_that_nothing_makes_is_an_error() -> None:
    with pytest.raises(KeyError, match="tea"):
        filled_in("# Page\n\n<!-- made: tea -->\n")


def test_every_command_and_option_is_on_the_page_of_the_command_line() -> None:
    page = MADE["command line"]()
    waiting: list[tuple[str, Any]] = [("cd5flow", get_command(program()))]
    for path, command in waiting:
        if hasattr(command, "commands"):
            waiting += [(f"{path} {name}", one) for name, one in command.commands.items()]
        else:
            part = page.split(f"# `{path}`\n", 1)[1].split("\n(command-", 1)[0]
            for option in command.params:
                if option.param_type_name == "option" and not option.hidden:
                    assert f"`{option.opts[0]}`" in part
    assert len(waiting) > 20


def test_every_code_and_check_is_listed() -> None:
    listed = first_cells(MADE["codes"]()) | first_cells(MADE["checks"]())
    assert listed >= set(catalogue().templates)


def test_columns_of_tables_are_listed() -> None:
    assert first_cells(MADE["export columns"]()) == set(EXPORT)
    assert first_cells(MADE["summary columns"]()) == {column.name for column in SUMMARY}


def test_the_exit_codes_are_listed() -> None:
    assert re.findall(r"^\| (\d+) ", MADE["exit codes"](), re.MULTILINE) == [
        "0",
        "1",
        "2",
        "3",
        "70",
        "130",
    ]


def test_every_error_is_in_the_tree() -> None:
    def below(kind: type[Cd5FlowError]) -> set[str]:
        return {kind.__name__}.union(*map(below, filter(is_told, kind.__subclasses__())))

    def is_told(kind: type[Cd5FlowError]) -> bool:
        """Whether callers may meet it; what a page of the review says to itself is none of these."""
        return kind.__module__ == Cd5FlowError.__module__

    assert below(Cd5FlowError) <= set(re.findall(r"\w+Error", MADE["errors"]()))


def test_the_page_on_results_explains_every_state() -> None:
    page = (DOCS / "explanation" / "reading-a-result.md").read_text("utf-8")
    for kind in (Cd5State, BurdenState, CriterionState):
        for state in kind:
            assert re.search(rf"\b{state}\b", page)


def test_the_page_on_sheets_explains_every_column() -> None:
    page = (DOCS / "how-to" / "controls-and-sheet.md").read_text("utf-8")
    _, _, part = page.partition("\n## Columns\n")
    explained = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\|([^|]*)\|", part, re.MULTILINE)))
    assert sorted(explained) == sorted(SHEET)


@pytest.mark.parametrize(
    "name", ["result", "strategy", "protocol", "clinical", "override", "own-validation"]
)
def test_every_field_of_a_schema_is_listed(name: str) -> None:
    schema = schema_of(name)
    page = schema_page(schema, name)
    for part in (schema, *schema.get("$defs", {}).values()):
        for field in part.get("properties", {}):
            assert f"\n| `{field}` | " in page


def test_a_schema_is_told_from_the_top_with_bounds_defaults_and_meanings() -> None:
    schema = {
        "description": "A box.\n\nAttributes:\n    side, top: its length,\n"
        "        in cm.\n    lid: see there.",
        "properties": {
            "side": {"type": "number", "exclusiveMinimum": 0},
            "top": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "lid": {"$ref": "#/$defs/Lid", "description": "of the part itself"},
        },
        "required": ["side"],
        "$defs": {
            "Other": {"enum": ["a", "b"]},
            "Lid": {"description": "A lid.", "type": "string"},
        },
    }
    page = schema_page(schema, "box")
    assert "| `side` | number > 0 | needed | its length, in cm. |" in page
    assert "| `top` | whole number, or null |  | its length, in cm. |" in page
    assert "| `lid` | [Lid](#box-lid) |  | see there. |" in page
    assert page.index("(box-lid)=") < page.index("(box-other)=")


def test_a_docstring_without_fields_is_all_meaning() -> None:
    assert described("One thing.\n\nAnother.") == ("One thing.\n\nAnother.", {})


def test_text_is_no_markup_and_code_stays_code() -> None:
    assert plain("a *b* <c> `d*e`") == "a \\*b\\* \\<c\\> `d*e`"
    assert table(["x"], [["a|b"]]).splitlines()[-1] == "| a\\|b |"


def test_lines_left_out_are_an_ellipsis() -> None:
    assert chosen_lines("a\nb\nc\nd\n", "1,3") == "a\n...\nc\n..."
    assert chosen_lines("a\nb\n", "") == "a\nb"


@pytest.mark.parametrize("wanted", ["3", "2-3", "0", "2,1"])
def test_lines_that_an_output_has_not_are_refused(wanted: str) -> None:
    with pytest.raises(PageFaultError, match="2 lines"):
        chosen_lines("a\nb\n", wanted)


def test_an_edit_is_a_diff() -> None:
    assert parted_edit("  a\n- b\n+ c") == ("a\nb", "a\nc")
    for wrong in ("a: b", "  a\n  b"):
        with pytest.raises(PageFaultError):
            parted_edit(wrong)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    samples = tmp_path / "tubes"
    samples.mkdir()
    return Workshop(samples, tmp_path)


def test_commands_of_a_page_share_a_folder(shop: Workshop) -> None:
    shop.write("a.txt", "one\ntwo\n")
    shop.edit("a.txt", "two", "three")
    assert shop.run("cat a.txt").out == "one\nthree\n"


def test_a_command_that_ends_otherwise_is_a_fault(shop: Workshop) -> None:
    with pytest.raises(PageFaultError, match="exit code 3, expected 0\nwhy"):
        shop.run("echo why; exit 3")
    assert shop.run("echo why >&2; exit 3", code=3, with_errors=True).out == "why\n"


def test_a_page_names_no_folder_of_the_machine(shop: Workshop) -> None:
    said = shop.run("pwd").out
    with pytest.raises(PageFaultError, match="names a folder"):
        hold_private(said, shop.folder)
    assert hold_private(said, "/elsewhere") == said


def test_an_edit_of_lines_that_are_not_there_once_is_a_fault(shop: Workshop) -> None:
    shop.write("a.txt", "x\nx\n")
    for lines in ("x", "y"):
        with pytest.raises(PageFaultError, match="stand there"):
            shop.edit("a.txt", lines, "z")


def test_an_edit_may_leave_the_end_of_a_line_open(shop: Workshop) -> None:
    shop.write("a.txt", "low: 0.7833\nhigh: 1\n")
    shop.edit("a.txt", "low: 0.78...\nhigh: 1", "low: 0.8\nhigh: 1")
    assert shop.run("cat a.txt").out == "low: 0.8\nhigh: 1\n"


def site(folder: Path, **pages: str) -> list[str]:
    for name, body in pages.items():
        (folder / f"{name}.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    return list(site_faults(folder))


@pytest.mark.parametrize(
    "body",
    [
        '<img src="https://x.org/a.png">',
        '<script src="//x.org/a.js"></script>',
        '<link rel="stylesheet" href="http://x.org/a.css">',
        '<link rel="preconnect" href="https://fonts.x.org">',
        '<iframe src="https://x.org"></iframe>',
        '<p style="background: url(https://x.org/a.png)">a</p>',
        "<style>@import 'https://x.org/a.css';</style>",
        '<img srcset="https://x.org/a.png 2x">',
    ],
)
def test_a_page_that_asks_another_place_is_found(tmp_path: Path, body: str) -> None:
    (fault,) = site(tmp_path, index=body)
    assert fault.startswith("index.html: fetches ")


def test_what_a_reader_may_click_is_no_request(tmp_path: Path) -> None:
    body = '<a href="https://x.org">x</a><link rel="canonical" href="https://x.org/">'
    assert site(tmp_path, index=body) == []


def test_links_lead_to_a_page_and_a_place_on_it(tmp_path: Path) -> None:
    good = '<a href="other.html#here">a</a><a href="#top">b</a><p id="top">c</p>'
    assert site(tmp_path, index=good, other='<p id="here">d</p>') == []
    bad = '<a href="other.html#there">a</a><a href="none.html">b</a><img src="none.png">'
    assert site(tmp_path, index=bad) == [
        "index.html: needs none.png, which is not there",
        "index.html: links to other.html#there, which is not there",
        "index.html: links to none.html, which is not there",
    ]


@pytest.mark.parametrize("name", ["page-one", "review"])
def test_the_pictures_that_are_kept_are_small(name: str) -> None:
    picture = (DOCS / "images" / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 300_000
