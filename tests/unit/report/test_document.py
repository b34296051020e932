from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    BlastPopulation,
    BlastsSection,
    BurdenState,
    Cd5State,
    CriterionSection,
    CriterionState,
    MedianSection,
    QualitySection,
    QualityState,
    Result,
    ReviewSection,
)
from cd5flow.report import numerals
from cd5flow.report.document import report_document
from cd5flow.report.lab import Lab
from cd5flow.report.naming import report_id
from cd5flow.report.parts import (
    Cell,
    Fact,
    Facts,
    Pictures,
    PictureUse,
    Reasons,
    ReportDocument,
    ReportSection,
    Table,
    TableColumn,
    plain_parts,
)
from cd5flow.report.signing import Replaced
from cd5flow.report.wording import languages, load_wording
from support.report_factory import (
    CREATED,
    make_burden,
    make_cd5,
    make_check,
    make_pictures,
    make_population,
    make_result,
    make_sample,
    make_signature,
    unknown_cd5,
)

ENGLISH = load_wording("en")


def document_of(result: Result, **options: Any) -> ReportDocument:
    return report_document(result, options.pop("pictures", ()), wording=ENGLISH, **options)


def section(document: ReportDocument, anchor: str) -> ReportSection:
    return next(s for s in document.sections if s.anchor == anchor)


def facts(section_: ReportSection) -> dict[str, str]:
    return {
        fact.label: fact.value.text
        for block in section_.blocks
        if isinstance(block, Facts)
        for fact in block.rows
    }


def table(section_: ReportSection) -> Table:
    return next(block for block in section_.blocks if isinstance(block, Table))


def texts(part: Any) -> Iterator[str]:
    match part:
        case str():
            yield part
        case dict():
            for child in part.values():
                yield from texts(child)
        case list():
            for child in part:
                yield from texts(child)


def all_text(document: ReportDocument) -> str:
    return "\n".join(texts(plain_parts(document, str)))


def anchors(document: ReportDocument) -> dict[str, list[str]]:
    return {page.anchor: [part.anchor for part in page.sections] for page in document.pages}


BLASTS = BlastsSection(
    populations=(
        BlastPopulation(
            name="blasts_1",
            lineage="cyCD3+ sCD3-",
            events=500,
            percent_of_blasts=100.0,
            cd5_percent=70.0,
            ci95_percent=(68.0, 72.0),
            phenotype={},
        ),
    )
)


def test_pages_hold_their_sections_in_the_order_of_the_report() -> None:
    assert anchors(document_of(make_result(blasts=BLASTS), pictures=make_pictures())) == {
        "evidence": ["overview", "populations", "cd5"],
        "measures": ["burden", "criterion", "exceptions", "controls", "method"],
        "annex": ["pictures", "gates", "clinical", "checks", "panel", "noticed", "files"],
    }


def test_without_blasts_page_two_has_room_for_the_burden() -> None:
    found = anchors(document_of(make_result(), pictures=make_pictures()))
    assert found["evidence"] == ["overview", "cd5", "burden"]
    assert found["measures"] == ["criterion", "exceptions", "controls", "method"]


def test_a_short_report_is_pages_one_to_three() -> None:
    short = document_of(make_result(), pictures=make_pictures(), extent="short")
    assert list(anchors(short)) == ["evidence", "measures"]
    assert all(page.bounded for page in short.pages)


def test_each_picture_stands_once_and_is_numbered_as_the_report_reads() -> None:
    uses: tuple[PictureUse, ...] = ("annex", "front", "overview", "annex", "front")
    pictures = tuple(
        replace(make_pictures()[0], name=f"{use}-{n}", use=use) for n, use in enumerate(uses)
    )
    document = document_of(make_result(), pictures=pictures)
    shown = [document.front] + [
        block for part in document.sections for block in part.blocks if isinstance(block, Pictures)
    ]
    refs = [ref for block in shown for ref in block.pictures]
    assert [pictures[ref.place].name for ref in refs] == [
        "front-1",
        "front-4",
        "overview-2",
        "annex-0",
        "annex-3",
    ]
    assert [ref.caption[:2] for ref in refs] == ["1.", "2.", "3.", "4.", "5."]


@pytest.mark.parametrize("language", languages())
def test_everything_can_be_said_of_every_state(language: str) -> None:
    wording = load_wording(language)
    for cd5 in Cd5State:
        for burden in BurdenState:
            result = make_result(
                cd5=make_cd5(state=cd5),
                burden=make_burden(state=burden, percent=None, level=None),
                criterion=CriterionSection(
                    state=CriterionState.NOT_MET, flow_state=CriterionState.REVIEW, reasons=()
                ),
            )
            said = all_text(report_document(result, wording=wording))
            assert wording.states.cd5[cd5].word in said
            assert wording.states.burden[burden].word in said


def test_the_box_says_share_counts_interval_band_and_threshold() -> None:
    card = document_of(make_result()).answer.cd5
    assert (card.number, card.state.text) == ("69.3 %", "BORDERLINE")
    said = " ".join(card.lines)
    assert "4,623 of 6,669 blasts" in said
    assert "68.2 to 70.4 %" in said
    assert "68.6 to 70.9 %" in said
    assert "≥ 70 %" in said


def test_a_share_just_below_the_threshold_is_not_rounded_onto_it() -> None:
    card = document_of(make_result(cd5=make_cd5(percent=69.96))).answer.cd5
    assert card.number == "69.96 %"


def test_the_bar_holds_the_numbers_and_says_them() -> None:
    bar = document_of(make_result()).answer.bar
    assert bar is not None
    assert (bar.value, bar.low, bar.high, bar.band, bar.threshold) == (
        69.3,
        68.2,
        70.4,
        (68.6, 70.9),
        70.0,
    )
    for number in ("69.3", "68.2", "70.4", "68.6", "70.9", "≥ 70 %"):
        assert number in bar.alt


def test_without_a_share_there_is_no_bar_and_no_zero() -> None:
    document = document_of(make_result(cd5=unknown_cd5()))
    assert document.answer.bar is None
    card = document.answer.cd5
    assert card.number == "no percentage"
    assert not any("0 " in line and "70" not in line for line in card.lines)


def test_a_tube_without_cd5_says_that_alone() -> None:
    part = section(document_of(make_result(cd5=unknown_cd5())), "cd5")
    assert list(facts(part)) == ["State"]
    (why,) = [block for block in part.blocks if isinstance(block, Reasons)]
    assert [reason.code for reason in why.sentences] == ["NO_CD5"]


def test_cd5_without_a_share_tells_its_cut_and_no_medians() -> None:
    cd5 = unknown_cd5(reasons=(Reason("LINEAGE_UNPROVEN", case="no_proof"),))
    said = facts(section(document_of(make_result(cd5=cd5)), "cd5"))
    assert said["CD5-positive"] == "no percentage"
    assert said["Cut"] == "no cut could be placed"
    assert "Blasts" not in said


def test_an_unknown_band_is_said_to_be_unknown() -> None:
    document = document_of(make_result(cd5=make_cd5(band_percent=None)))
    assert "Range under other cut-offs: unknown" in document.answer.cd5.lines


def test_below_the_limit_of_quantification_no_number_is_printed() -> None:
    burden = make_burden(
        state=BurdenState.MRD_BELOW_LLOQ,
        percent=0.027,
        blast_events=30,
        denominator_events=111_000,
        ci95_percent=(0.019, 0.038),
        upper95_percent=0.036,
        lod_percent=0.018,
        lloq_percent=0.045,
        level=None,
        reasons=(),
    )
    document = document_of(make_result(burden=burden))
    assert document.answer.burden.number == "< LLOQ"
    assert facts(section(document, "burden"))["Blasts (disease burden)"] == "< LLOQ"
    assert not any("interval" in line for line in document.answer.burden.lines)
    assert "One-sided upper 95 % limit 0.0360 %" in document.answer.burden.lines
    assert "0.027 %" not in all_text(document)


@pytest.mark.parametrize(
    ("events", "percent", "lod", "printed"),
    [
        (0, 0.0, 0.018, "< LOD"),
        (0, 0.0, None, "< LLOQ"),
        (12, 0.011, 0.018, "< LLOQ"),  # a cluster is there: nobody says that it is not
        (44, 0.0449, 0.018, "< LLOQ"),
        (45, 0.045, 0.018, "0.0450 %"),
    ],
)
def test_where_nothing_was_counted_the_limit_of_detection_is_named(
    events: int, percent: float, lod: float | None, printed: str
) -> None:
    burden = make_burden(
        blast_events=events, percent=percent, lod_percent=lod, lloq_percent=0.045, level=None
    )
    assert document_of(make_result(burden=burden)).answer.burden.number == printed


def test_the_other_denominator_keeps_silent_below_the_limit_too() -> None:
    burden = make_burden(percent=0.02, lloq_percent=0.05)
    said = facts(section(document_of(make_result(burden=burden)), "burden"))
    assert said["Blasts of singlets (12,069)"] == "< LLOQ"


def test_the_other_denominator_is_named_and_counted() -> None:
    said = facts(section(document_of(make_result()), "burden"))
    assert said["Blasts of singlets (12,069)"] == "55.3 %"


def test_blasts_that_could_not_be_told_are_not_counted_as_none() -> None:
    burden = make_burden(
        state=BurdenState.INCONCLUSIVE, percent=None, blast_events=0, level=None, reasons=()
    )
    document = document_of(make_result(burden=burden))
    assert document.answer.burden.lines[0] == "Blasts unknown; 11,203 cells in the denominator"
    assert facts(section(document, "burden"))["Events in the blast gate"] == "unknown"


def test_a_population_that_was_not_gated_is_unknown_and_not_zero() -> None:
    rows = table(section(document_of(make_result()), "gates")).rows
    last = [cell.text for cell in rows[-1]]
    absent = [*["unknown"] * 5, "not gated in this tube", "–"]
    assert last == ["CD5-positive blasts", *absent]


def test_every_population_has_its_row_with_counts_and_percentages() -> None:
    result = make_result()
    rows = table(section(document_of(result), "gates")).rows
    assert len(rows) == len(result.populations)
    blasts = [cell.text for cell in rows[2]]
    assert blasts[:6] == ["blasts", "singlets", "6,669", "50.0", "5–100", "59.5"]


def test_an_unusual_share_of_the_parent_is_set_off() -> None:
    populations = (make_population("singlets", 10, percent_of_parent=2.0),)
    row = table(section(document_of(make_result(populations=populations)), "gates")).rows[0]
    assert row[3].tone == "look"


def test_ratios_of_medians_at_or_below_zero_are_not_defined() -> None:
    median = MedianSection(blasts=120.0, negative_reference=-3.0, t_cells=0.0)
    said = facts(section(document_of(make_result(cd5=make_cd5(median=median))), "cd5"))
    assert said["Blasts ÷ negative reference"].startswith("not defined")
    assert said["Blasts as a share of T cells"].startswith("not defined")
    assert said["Blasts − negative reference"] == "123.0"


def test_checks_are_printed_with_the_side_of_their_limits() -> None:
    checks = (
        make_check(warn=15.0, fail=40.0),
        make_check(code="VIABILITY", value=95.0, warn=80.0, fail=50.0),
        make_check(code="BLASTS", value=6669.0, warn=100.0, fail=None, unit="events"),
        make_check(code="SPECIMEN_AGE", state=QualityState.WARN, value=90.0, warn=72.0, fail=None),
        make_check(code="GATE_SHARES", value=0.0, warn=0.0, fail=None),
        make_check(code="TIME", value=None, state=QualityState.NOT_DONE, warn=1.0, fail=None),
    )
    quality = QualitySection(state=QualityState.WARN, checks=checks)
    rows = table(section(document_of(make_result(quality=quality)), "checks")).rows
    limits = [(row[3].text.replace("\xa0", " "), row[4].text.replace("\xa0", " ")) for row in rows]
    assert limits == [
        ("> 15", "> 40"),
        ("< 80", "< 50"),
        ("< 100", "none"),
        ("> 72", "none"),
        ("> 0", "none"),
        ("1", "none"),
    ]
    assert rows[5][2].text == "not done"


def finding(document: ReportDocument, label: str) -> Cell:
    return next(row.value for row in document.findings.rows if row.label == label)


def test_adequacy_counts_what_passed_and_names_the_others() -> None:
    said = finding(document_of(make_result()), "Adequacy")
    assert said.text.replace("\xa0", " ") == (
        "WARN · 2 of 4 checks passed; WARN: Unstable time 17.3 % of run time (> 5)"
    )
    assert said.note == "Not done (1): Viability"


def test_page_one_names_failed_checks_before_warnings_and_counts_the_rest() -> None:
    warned = [make_check(code=f"W{n}", state=QualityState.WARN, value=20.0) for n in range(7)]
    checks = (*warned, make_check(code="BAD", state=QualityState.FAIL, value=50.0), make_check())
    quality = QualitySection(state=QualityState.FAIL, checks=checks)
    document = document_of(make_result(quality=quality))
    said = finding(document, "Adequacy")
    assert said.tone == "bad"
    assert said.text.startswith("FAIL · 1 of 9 checks passed; FAIL: BAD 50 % of cells")
    assert said.text.endswith("2 more under “Quality exceptions”.")
    rows = table(section(document, "exceptions")).rows
    assert [row[0].text for row in rows][:2] == ["BAD", "W0"]
    assert len(rows) == 8


def test_page_one_has_three_lines_for_reasons_of_a_kind_and_names_the_rest() -> None:
    reasons = tuple(f"CODE_{n}: reason {n}" for n in range(5))
    criterion = CriterionSection(
        state=CriterionState.REVIEW, flow_state=CriterionState.REVIEW, reasons=reasons
    )
    document = document_of(make_result(criterion=criterion))
    shown = document.answer.reasons[0].sentences
    assert [r.text for r in shown] == [
        "Reason 0",
        "Reason 1",
        "3 more under “Flow criterion”.",
    ]
    whole = section(document, "criterion").blocks
    assert any(isinstance(b, Reasons) and len(b.sentences) == 5 for b in whole)


def test_a_flow_state_that_differs_is_said_in_the_box() -> None:
    criterion = CriterionSection(
        state=CriterionState.MET, flow_state=CriterionState.REVIEW, reasons=()
    )
    card = document_of(make_result(criterion=criterion)).answer.criterion
    assert "By flow alone: REVIEW" in card.lines


def test_it_is_a_draft_on_every_page_until_a_person_has_reviewed_it() -> None:
    document = document_of(make_result())
    assert document.running.mark == "DRAFT · NOT REVIEWED"
    assert document.status.text == "DRAFT · NOT REVIEWED"


def test_a_review_is_printed_with_its_author_time_and_comment() -> None:
    review = ReviewSection(state="amended", comment="Seen.", signatures=(make_signature(),))
    document = document_of(make_result(review=review))
    assert document.running.mark == "AMENDED"
    assert document.status.text == "AMENDED"
    assert document.comment.value.text == "Seen."
    (signed,) = document.signatures
    assert signed.role == "Approved"
    assert [line.value.text for line in signed.lines] == [
        "R. Viewer (reviewer)",
        "2026-02-01 08:00:00 UTC",
        "17",
    ]


def test_without_a_signature_there_are_fields_for_two() -> None:
    fields = document_of(make_result()).signatures
    assert [sign.role for sign in fields] == ["Analyst", "Reviewer"]
    assert {line.value.text for sign in fields for line in sign.lines} == {""}


def test_a_rejected_result_says_so_on_every_page() -> None:
    document = document_of(make_result(review=ReviewSection(state="rejected")))
    assert (document.running.mark, document.status.tone) == ("REJECTED", "bad")
    assert document.letterhead.name == "Laboratory not stated"


@pytest.mark.parametrize("state", ["confirmed", "amended"])
def test_a_final_report_never_says_that_its_laboratory_is_not_stated(state: Any) -> None:
    assert (
        "not stated"
        not in document_of(make_result(review=ReviewSection(state=state))).running.laboratory
    )
    assert "Laboratory not stated" not in all_text(
        document_of(make_result(review=ReviewSection(state=state)))
    )


def test_what_a_person_decided_stands_beside_the_criterion() -> None:
    review = ReviewSection(state="confirmed", criterion_state=CriterionState.MET)
    card = document_of(make_result(review=review)).answer.criterion
    assert "Decided on review: MET BY FLOW" in card.lines


def test_a_version_names_the_signed_one_that_it_replaces_and_what_changed() -> None:
    earlier = make_result(cd5=make_cd5(percent=71.0, state=Cd5State.MEETS))
    replaced = Replaced(2, earlier, "blast gate too wide")
    (notice,) = document_of(make_result(), version=3, replaced=replaced).notices
    assert notice.text == (
        f"Replaces version 2: report {report_id(earlier)}, "
        f"computed {numerals.moment(earlier.provenance.created)}, NOT REVIEWED. "
        "Changed: CD5-positive blasts 71.0 % → 69.3 %; "
        "CD5 on the blasts MEETS → BORDERLINE. Reason: blast gate too wide"
    )


def test_who_signed_the_replaced_version_is_named() -> None:
    signature = make_signature()
    review = ReviewSection(state="confirmed", signatures=(signature,))
    (notice,) = document_of(
        make_result(), version=3, replaced=Replaced(2, make_result(review=review), "wrong lot")
    ).notices
    assert (
        f", CONFIRMED (Approved {numerals.moment(signature.at)} by {signature.name}). "
        in notice.text
    )


@pytest.mark.parametrize("state", [BurdenState.INCONCLUSIVE, BurdenState.INDETERMINATE])
def test_blasts_are_said_of_disease_alone(state: BurdenState) -> None:
    burden = make_burden(
        state=state, percent=0.1, blast_events=12, lloq_percent=0.4, level=None, reasons=()
    )
    document = document_of(make_result(burden=burden, cd5=unknown_cd5(blast_events=12)))
    assert document.answer.cd5.lines[0] == "12 look-alike events"
    assert document.answer.burden.lines[0].startswith("12 look-alike events among")
    names = [row[0].text for row in table(section(document, "gates")).rows]
    assert "blast gate (no disease called)" in names
    assert "blasts" not in names


def test_the_report_id_does_not_depend_on_when_it_was_computed() -> None:
    result = make_result()
    later = make_result(
        provenance=result.provenance.model_copy(update={"created": "2027-01-01T00:00:00+00:00"})
    )
    assert report_id(result) == report_id(later)
    assert report_id(result).startswith("CD5F-")
    assert len(report_id(result)) == 24


def test_the_report_id_depends_on_all_else() -> None:
    reviewed = make_result(review=ReviewSection(state="confirmed", by="R. Viewer"))
    ids = {
        report_id(r) for r in (make_result(), make_result(cd5=make_cd5(percent=69.30001)), reviewed)
    }
    assert len(ids) == 3


def test_patient_and_report_stand_on_every_page() -> None:
    result = make_result()
    running = document_of(result, version=2).running
    assert running.subject == "Patient: P02 · Sample: tube-1"
    assert running.report == f"{report_id(result)} · version 2"


def test_a_very_long_name_is_cut_at_the_head_of_pages_and_whole_on_page_one() -> None:
    document = document_of(make_result(sample=make_sample(id="W" * 200)))
    assert document.running.subject.endswith("W" * 59 + "…")
    assert "W" * 200 in {fact.value.text for fact in document.identity.rows}


def test_a_later_version_says_what_it_replaces() -> None:
    identity = document_of(make_result(), version=3).identity.rows
    report = next(row for row in identity if row.label == "Report")
    assert report.value.note == "version 3, replaces version 2"


def test_what_nobody_stated_is_said_to_be_so() -> None:
    sample = make_sample(patient_id=None, acquired=None, collected_at=None, cytometer=None)
    document = document_of(make_result(sample=sample))
    said = {fact.label: fact.value for fact in document.identity.rows}
    for label in ("Patient", "Acquired", "Collected", "Prior therapy"):
        assert said[label].text == "not stated"
    assert said["Patient"].tone == "look"
    assert document.letterhead.name == "Laboratory not stated"


def test_the_head_tells_what_sheet_and_laboratory_know() -> None:
    stated = {
        "mrn": "M-1",
        "birth_date": "2015-03-02",
        "accession": "A-7",
        "received_at": "2026-01-14T11:00",
        "blasts_at_diagnosis": "92 %",
        "earlier_result": "MRD 0.3 % on 2025-12-01",
    }
    lab = Lab("Ours", ordering_physician="Dr. O.", panel_lot="L-2", contact="tel. 1")
    document = document_of(make_result(sample=make_sample(identifiers=stated)), lab=lab)
    said = {row.label: row.value.text for row in document.identity.rows}
    assert said["MRN"] == "M-1"
    assert said["Birth date"] == "2015-03-02"
    assert said["Accession"] == "A-7"
    assert said["Ordered by"] == "Dr. O."
    assert said["Received"] == "2026-01-14 11:00:00"
    assert said["Blasts at diagnosis"] == "92 %"
    assert said["Earlier result"].startswith("MRD 0.3 %")
    assert said["Panel lot"] == "L-2"
    assert document.letterhead.address == ("Contact: tel. 1",)
    assert "Birth date: 2015-03-02" in document.running.subject


def test_the_sheet_goes_before_what_the_laboratory_says_of_all_tubes() -> None:
    stated = {"panel_lot": "L-9", "ordering_physician": "Dr. P."}
    lab = Lab("Ours", ordering_physician="Dr. O.", panel_lot="L-2")
    document = document_of(make_result(sample=make_sample(identifiers=stated)), lab=lab)
    said = {row.label: row.value.text for row in document.identity.rows}
    assert (said["Ordered by"], said["Panel lot"]) == ("Dr. P.", "L-9")


def test_the_digits_that_who_signs_types_in_stand_on_page_one() -> None:
    result = make_result()
    said = {row.label: row.value.text for row in document_of(result).identity.rows}
    assert said["Digest"] == result.shown_digest
    assert len(said["Digest"]) == 8


def test_a_laboratory_heads_its_report() -> None:
    lab = Lab("Example Laboratory", ("Street 1",), "to be named", None, "Not validated.")
    document = document_of(make_result(), lab=lab)
    assert document.letterhead.name == document.running.laboratory == "Example Laboratory"
    assert document.letterhead.director == "Director: to be named"
    assert document.disclaimer[-1] == "Not validated."


def test_controls_say_whether_they_were_used_and_why_not() -> None:
    row = [cell.text for cell in table(section(document_of(make_result()), "controls")).rows[0]]
    assert row[0] == "FMO control"
    assert row[2] == "REFUSED"
    assert "2026-01-15" in row[3]


def test_hashes_and_versions_are_all_there() -> None:
    result = make_result()
    said = all_text(document_of(result))
    for text in (
        result.sample.sha256,
        result.controls[0].sha256,
        "t-all-relapse, version 1.0.0",
        "cd5-cart-70, version 1.0",
        "numpy 2.4.6",
        "3.11.7",
    ):
        assert text in said
    assert CREATED[:10] in said


def test_what_the_clinic_stated_is_shown_in_words() -> None:
    rows = table(section(document_of(make_result()), "clinical")).rows
    assert [[c.text for c in row] for row in rows] == [
        ["ECOG status", "1"],
        ["MRD persistent", "yes"],
    ]


def test_a_table_refuses_rows_of_another_width() -> None:
    with pytest.raises(ValueError, match="has not 2 cells"):
        Table("x", (TableColumn("a"), TableColumn("b")), ((),))


def test_facts_keep_their_order() -> None:
    rows = document_of(make_result()).identity.rows
    assert all(isinstance(row, Fact) for row in rows)
    assert [row.label for row in rows[:3]] == ["Patient", "Sample", "Specimen"]
