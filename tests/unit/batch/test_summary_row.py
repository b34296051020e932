from __future__ import annotations

from pathlib import Path

from cd5flow.batch.failures import Failure, failures_csv, read_failures
from cd5flow.batch.page_parts import state_meanings
from cd5flow.batch.summary_columns import COLUMNS, SUMMARY_COLUMNS
from cd5flow.batch.summary_row import STATES, reasons, summary_row
from cd5flow.report.wording import load_wording
from support.overview_factory import UNKNOWN_BURDEN
from support.report_factory import (
    HOSTILE,
    make_cd5,
    make_cut,
    make_result,
    make_sample,
    unknown_cd5,
)


def test_the_row_says_what_the_result_says() -> None:
    result = make_result(
        sample=make_sample(
            identifiers={"tube": "T1", "accession": "AC1"}, prior_therapy=("cd7_car",)
        )
    )
    row = summary_row(result, folder="tube-1", report="tube-1/report.html", notes=("one", "two"))
    assert set(row) == set(SUMMARY_COLUMNS)
    assert (row["tube"], row["accession"], row["panel_lot"]) == ("T1", "AC1", None)
    assert (row["cd5_percent"], row["cd5_ci95_low_percent"]) == (69.3, 68.2)
    assert (row["burden_state"], row["denominator_events"]) == ("OVERT", 11_203)
    assert row["controls"] == "fmo refused"
    assert row["quality_codes"] == "UNSTABLE_TIME"
    assert row["quality_reasons"] == (
        "UNSTABLE_TIME: WARN: unstable: 9.4-12.0 s; the run took 15 s"
    )
    assert row["review_state"] == "unreviewed"
    assert row["notes"] == "one | two"
    assert row["report"] == "tube-1/report.html"


def test_every_reason_is_there() -> None:
    both = ("CI_SPANS: one", "BAND_SPANS: two")
    result = make_result(cd5=make_cd5(reasons=both))
    assert summary_row(result, folder="x")["cd5_reasons"] == "CI_SPANS: one | BAND_SPANS: two"
    assert [f"{r.code}: {r.sentence}" for r in reasons(result) if r.about == "CD5"] == list(both)
    assert {r.about for r in reasons(result)} == {"criterion", "CD5", "burden", "quality"}


def test_unknown_is_none_and_never_zero() -> None:
    row = summary_row(
        make_result(cd5=unknown_cd5(), burden=UNKNOWN_BURDEN, sample=make_sample(patient_id=None)),
        folder="x",
    )
    for name in (
        "patient_id",
        "cd5_percent",
        "cd5_ci95_high_percent",
        "cd5_cut_method",
        "cd5_pattern",
        "burden_percent",
        "burden_ci95_low_percent",
        "report",
    ):
        assert row[name] is None


def test_columns_stand_once_and_each_says_what_it_means() -> None:
    assert len(set(SUMMARY_COLUMNS)) == len(SUMMARY_COLUMNS)
    assert all(column.means.endswith(".") for column in COLUMNS)


def test_every_state_has_a_meaning() -> None:
    meanings = list(state_meanings(load_wording("en")))
    assert [(name, state) for name, state, _ in meanings] == [
        (name, state) for name, states in STATES.items() for state in states
    ]
    assert all(means for _, _, means in meanings)


def test_failures_come_back_as_they_were_written(tmp_path: Path) -> None:
    failures = (
        Failure("=S1", "-a.fcs", "FcsCorruptError", 'a.fcs: "x", y'),
        Failure("'quoted'", "b.fcs", "E", "@m"),
    )
    (tmp_path / "failures.csv").write_text(failures_csv(failures), "utf-8")
    assert "'=S1,'-a.fcs" in (tmp_path / "failures.csv").read_text("utf-8")
    assert read_failures(tmp_path) == failures


def test_a_cut_is_named_by_its_method() -> None:
    row = summary_row(make_result(cd5=make_cd5(cut=make_cut(linear=12.5))), folder="x")
    assert (row["cd5_cut_method"], row["cd5_cut_linear"]) == ("fmo", 12.5)


def test_hostile_identifiers_are_carried_as_they_are() -> None:
    text = HOSTILE["formula"]
    row = summary_row(make_result(sample=make_sample(identifiers={"tube": text})), folder="x")
    assert row["tube"] == text
