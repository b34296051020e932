"""Gates drawn by hand as a user does it: print them, edit them, give them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.analysed import CLEAR, analysis, fmo_of, tube
from support.override_factory import drawn, interval, written

if TYPE_CHECKING:
    from support.command_line import Run

WORDS = ("--timepoint", "relapse", "--control", f"fmo={fmo_of(CLEAR)}")


def result(folder: Path) -> Any:
    return json.loads((folder / CLEAR / "result.json").read_text("utf-8"))


def events(found: Any) -> dict[str, int]:
    return {row["name"]: row["events"] for row in found["populations"]}


def test_a_gate_is_printed_edited_and_given_back(cd5flow: Run, tmp_path: Path) -> None:
    first = cd5flow("analyze", tube(CLEAR), *WORDS, "--no-report", "--out", "first")
    assert first.code == 0, first.err
    before = tmp_path / "first" / CLEAR / "result.json"
    printed = cd5flow("override", before, "--gate", "blasts", fresh=True)
    assert (printed.code, printed.err) == (0, "")
    assert str(tmp_path) not in printed.out
    assert printed.out.startswith(f"# Gates to be drawn by hand on sample {CLEAR}.")

    mine = tmp_path / "mine.yaml"
    mine.write_text(printed.out, encoding="utf-8")
    unsigned = cd5flow("analyze", tube(CLEAR), *WORDS, "--override", "mine.yaml")
    assert unsigned.code == 2
    assert [line.split(": ")[2] for line in unsigned.err.splitlines()] == ["by", "date", "reason"]
    assert not (tmp_path / "cd5flow-results").exists()

    signed = printed.out
    for field, said in (("by", "A. B."), ("date", "2026-02-03"), ("reason", "to try it")):
        signed = signed.replace(f'\n{field}: ""\n', f'\n{field}: "{said}"\n')
    mine.write_text(signed, encoding="utf-8")
    ran = cd5flow(
        "analyze", tube(CLEAR), *WORDS, "--override", "mine.yaml", "--no-report", "--out", "again"
    )
    assert ran.code == 0, ran.err
    assert events(result(tmp_path / "again")) == events(result(tmp_path / "first"))

    shape = [
        p for p in result(tmp_path / "first")["populations"] if p["name"] == "blasts_1_CD45_SSC"
    ]
    whole = shape[0]["gate"]["region"]["distance_squared"]
    smaller = signed.replace(f"distance_squared: {whole}", "distance_squared: 2.5")
    assert smaller != signed
    mine.write_text(smaller, encoding="utf-8")
    ran = cd5flow("analyze", tube(CLEAR), *WORDS, "--override", "mine.yaml", "--out", "again")
    assert ran.code == 0, ran.err
    assert "previous" in ran.err  # the earlier result is kept
    assert "NOT REVIEWED" in ran.out  # who draws a gate signs nothing
    after = result(tmp_path / "again")
    one, *others = after["overrides"]
    assert one["gate"] == "blasts_1_CD45_SSC"
    assert one["events"] < one["automatic"]["events"]
    assert others[-1]["events"] < others[-1]["automatic"]["events"]
    assert events(after)["blasts"] == others[-1]["events"]
    assert events(after)["blasts"] < events(result(tmp_path / "first"))["blasts"]
    folder = tmp_path / "again" / CLEAR
    page = (folder / "report.html").read_text("utf-8")
    for words in (f"{one['events']:,}", f"{one['automatic']['events']:,}", "to try it", "A. B."):
        assert words in page
    assert (folder / "report.pdf").stat().st_size > 10_000

    once_more = cd5flow("analyze", tube(CLEAR), *WORDS, "--override", "mine.yaml", "--out", "again")
    assert "nothing changed" in once_more.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("gates: [", "mine.yaml:1:9: "),
        ("format: cd5flow.override/1\n", "field 'gates' is missing"),
    ],
)
def test_a_faulty_override_is_wrong_usage(
    text: str | None, said: str, cd5flow: Run, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    ran = cd5flow("analyze", tube(CLEAR), "--override", "mine.yaml", "--no-report")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "cd5flow-results").exists()


def test_an_override_of_another_sample_is_refused(cd5flow: Run, tmp_path: Path) -> None:
    path = written(tmp_path, drawn("blasts", interval("V500-A", 0.5)), sample={"id": "other"})
    ran = cd5flow("analyze", tube(CLEAR), "--override", path.name, "--no-report")
    assert ran.code == 2
    assert ran.complaint == (
        f"cd5flow: mine.yaml:1:51: is for sample 'other', this one is '{CLEAR}'"
    )


def test_a_gate_that_a_result_has_not_is_named(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(analysis(CLEAR).result.to_json(), encoding="utf-8")
    ran = cd5flow("override", "result.json", "--gate", "nobody")
    assert ran.code == 2
    assert "gate: found 'nobody', expected one of this result: stable, " in ran.complaint


def test_what_is_no_result_gives_no_override(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{}", encoding="utf-8")
    ran = cd5flow("override", "result.json")
    assert ran.code == 1
    assert "result.json" in ran.complaint


def test_a_sheet_names_the_override_of_a_tube(cd5flow: Run, tmp_path: Path) -> None:
    for name in (CLEAR, f"{CLEAR}_FMO-CD5"):
        (tmp_path / f"{name}.fcs").symlink_to(tube(name))
    written(tmp_path, drawn("singlets", pass_through=True), sample={"id": CLEAR})
    sheet = tmp_path / "samples.csv"
    sheet.write_text(f"file,timepoint,override\n{CLEAR}.fcs,relapse,mine.yaml\n", "utf-8")
    ran = cd5flow("batch", "samples.csv", "--no-report", "--out", "out")
    assert ran.code == 0, ran.err
    assert result(tmp_path / "out")["overrides"][0]["gate"] == "singlets"

    sheet.write_text(f"file,timepoint,override\n{CLEAR}.fcs,relapse,none.yaml\n", "utf-8")
    ran = cd5flow("batch", "samples.csv", "--no-report", "--out", "out")
    assert ran.code == 2
    assert "row 2: override: " in ran.err
    assert "cannot be read" in ran.err
