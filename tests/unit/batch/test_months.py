"""Several batches over the months: one chart across folders, a reference that stays, gates drawn by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pytest

from cd5flow.batch.frozen_reference import read_reference
from cd5flow.batch.months import Months, MonthsBatch, batch_folders, look_over, write_months
from cd5flow.batch.outliers import BatchRules, load_batch_rules
from cd5flow.batch.review_figures import DrawnOften, ReviewFigures
from cd5flow.cli.months import run
from cd5flow.cli.schema import schema_of
from cd5flow.config.shipped import batch_file
from cd5flow.errors import FileAccessError, OptionError
from support.overview_factory import measured_result, place
from support.report_factory import resealed

FEW = 5
"""Tubes of a reference in these tests."""


@pytest.fixture(scope="module")
def rules() -> BatchRules:
    shipped = load_batch_rules(batch_file()).value
    assert shipped.over_time is not None
    watch = shipped.over_time.model_copy(update={"reference_tubes": FEW})
    return shipped.model_copy(update={"over_time": watch})


def batch(folder: Path, month: int, stains: list[float]) -> Path:
    """Write a results folder of tubes whose T cells carry so much CD5, a day each."""
    for day, stain in enumerate(stains, start=1):
        result = measured_result(f"t{day}", t_cells=stain)
        told = {
            "acquired": f"2026-{month:02d}-{day:02d}T09:00:00",
            "sha256": f"{month:032d}{day:032d}",
        }
        changed = result.model_copy(update={"sample": result.sample.model_copy(update=told)})
        there = place(folder, changed)
        (there / "result.json").write_text(resealed(json.loads(changed.to_json())), "utf-8")
    return folder


def stain_chart(found: Months) -> tuple[list[str], list[bool], bool]:
    (chart,) = [one for one in found.charts if one.what == "CD5 median of T cells"]
    points = chart.points
    return [p.sample for p in points], [bool(p.broken) for p in points], chart.by_file


def test_batches_make_one_chart_in_the_order_of_acquisition(
    tmp_path: Path, rules: BatchRules
) -> None:
    later = batch(tmp_path / "b", 2, [9000.0, 30_000.0])
    earlier = batch(tmp_path / "a", 1, [8900.0, 9000.0, 9100.0, 9000.0, 8950.0])
    found = look_over([later, earlier], rules, None)
    names, broken, by_file = stain_chart(found)
    assert names == ["a/t1", "a/t2", "a/t3", "a/t4", "a/t5", "b/t1", "b/t2"]
    assert broken == [False] * 6 + [True]
    assert not by_file
    assert [one.name for one in found.batches] == ["a", "b"]


def test_a_frozen_reference_judges_from_the_first_tube_on(
    tmp_path: Path, rules: BatchRules
) -> None:
    first = batch(tmp_path / "a", 1, [8900.0, 9000.0, 9100.0, 9000.0, 8950.0])
    path = tmp_path / "reference.json"
    path.write_text(look_over([first], rules, None).own_reference.to_json(), "utf-8")
    jsonschema.validate(json.loads(path.read_text("utf-8")), schema_of("reference"))
    reference = read_reference(path)
    second = batch(tmp_path / "b", 2, [30_000.0])
    # One tube is too few for a reference of its own.
    assert look_over([second], rules, None).charts == ()
    names, broken, by_file = stain_chart(look_over([second], rules, reference))
    assert (names, broken, by_file) == (["b/t1"], [True], True)
    names, broken, _ = stain_chart(look_over([first, second], rules, reference))
    assert (len(names), sum(broken)) == (6, 1)


def test_a_reference_of_other_tubes_is_not_theirs(tmp_path: Path, rules: BatchRules) -> None:
    first = batch(tmp_path / "a", 1, [9000.0] * FEW)
    frozen = look_over([first], rules, None).own_reference
    (kind,) = frozen.kinds
    other = frozen.model_copy(update={"kinds": (kind.model_copy(update={"cytometer": "another"}),)})
    second = batch(tmp_path / "b", 2, [30_000.0])
    assert look_over([second], rules, other).charts == ()


def test_a_tube_in_two_batches_is_measured_once(tmp_path: Path, rules: BatchRules) -> None:
    stains = [8900.0, 9000.0, 9100.0, 9000.0, 8950.0, 9000.0]
    found = look_over(
        [batch(tmp_path / "a", 1, stains), batch(tmp_path / "again", 1, stains)], rules, None
    )
    assert found.repeated == len(stains)
    assert len(stain_chart(found)[0]) == len(stains)


def test_a_folder_of_batches_is_its_batches(tmp_path: Path) -> None:
    one, other = batch(tmp_path / "a", 1, [1.0]), batch(tmp_path / "b", 2, [1.0])
    (tmp_path / "letters").mkdir()
    assert batch_folders([tmp_path]) == (one, other)
    assert batch_folders([one, tmp_path]) == (one, other)
    with pytest.raises(OptionError, match="holds no result"):
        batch_folders([tmp_path / "letters"])
    with pytest.raises(OptionError, match="is no folder"):
        batch_folders([tmp_path / "nothing"])


def test_page_and_tables_say_how_often_gates_were_drawn(tmp_path: Path, rules: BatchRules) -> None:
    found = look_over([batch(tmp_path / "a", 1, [9000.0] * (FEW + 1))], rules, None)
    figures = ReviewFigures(
        samples=12,
        seen=10,
        decided=10,
        waits=(),
        computed_waits=(),
        not_received=0,
        contradicting=0,
        drawn=2,
        gates=(DrawnOften("blasts", 2, (("tail", 2),)),),
        unapproved=(),
    )
    drawn = MonthsBatch("<b>", 12, 1, "2026-02-01", "2026-02-03", figures)
    both = Months((*found.batches, drawn), found.charts, found.own_reference, 0, found.files)
    assert rules.over_time is not None
    write_months(both, tmp_path / "out", rules.over_time, reference="ref.json")
    rows = list(csv.DictReader((tmp_path / "out" / "overrides.csv").read_text().splitlines()))
    assert [row["percent"] for row in rows] == ["", "20.0"]
    assert rows[1]["gates"] == "blasts 2"
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    for words in ("20 (6 to 51)", "&lt;b&gt;", "ref.json", "1 results cannot be read"):
        assert words in page
    assert "<script" not in page


def test_a_reference_is_never_replaced_and_asks_for_enough_tubes(tmp_path: Path) -> None:
    few = batch(tmp_path / "a", 1, [9000.0])
    there = tmp_path / "there.json"
    there.write_text("{}")
    out = tmp_path / "out"
    with pytest.raises(OptionError, match="never replaced"):
        run([few], out=out, reference=None, freeze=there, rules=None)
    with pytest.raises(OptionError, match="no value has the 20 tubes"):
        run([few], out=out, reference=None, freeze=tmp_path / "new.json", rules=None)
    with pytest.raises(OptionError, match="expected a file of `cd5flow months --freeze`"):
        run([few], out=out, reference=there, freeze=None, rules=None)
    with pytest.raises(FileAccessError):
        run([few], out=out, reference=tmp_path / "absent.json", freeze=None, rules=None)
