"""What a laboratory's tubes say: one point a specimen, limits of enough results, order and hours."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cd5flow.model.limits import BurdenLimits, IntervalMethod
from cd5flow.validation.own.comparison import agree, compare
from cd5flow.validation.own.course import carried_over, readers, stability
from cd5flow.validation.own.findings import findings
from cd5flow.validation.own.limits import detect, strategies_of_limits
from cd5flow.validation.own.record import OwnValidation
from cd5flow.validation.own.replicates import dilution_line, precision_of_levels
from cd5flow.validation.own.tubes import OwnTube
from support.own_factory import burden_tube, cd5_tube, provenance, record, rules, study, tube

LIMITS = BurdenLimits(
    cluster_events=10,
    lod_events=20,
    lloq_events=50,
    required_lod_percent=0.01,
    validated_lob_percent=0.006,
    validated_lod_percent=0.02,
    interval=IntervalMethod.WILSON,
)


@pytest.fixture(scope="module")
def found() -> OwnValidation:
    return record(study())


def test_a_whole_design_answers_every_question(found: OwnValidation) -> None:
    assert found.comparison.cd5.enough
    assert found.comparison.cd5.method == "passing-bablok"
    assert found.comparison.cd5.slope == pytest.approx(1, abs=0.05)
    assert {line.method for line in found.comparison.cd5.lines} == {"deming", "passing-bablok"}
    assert found.comparison.burden.method == "deming"
    assert found.comparison.burden.bias == pytest.approx(math.log10(1.05))
    assert found.detection.purpose == "establish"
    assert found.detection.lob is not None
    assert found.detection.lod is not None
    assert found.detection.lloq is not None
    assert found.detection.lob < found.detection.lod <= found.detection.lloq
    assert found.linearity.slope == pytest.approx(1, abs=0.02)
    assert found.linearity.enough
    assert found.carry_over.n == 3
    assert found.stability.cd5.stable_hours == 48
    assert found.readers.before is not None
    assert (found.readers.before.mean_range, found.readers.before.discordant) == (8, 3)
    assert found.readers.after is not None
    assert (found.readers.after.mean_range, found.readers.after.discordant) == (0, 0)


def test_replicates_of_a_level_are_one_specimen_of_a_comparison() -> None:
    tubes = [cd5_tube(10.0 * n, 10.0 * n + 1, sample=f"s{n}") for n in range(1, 6)]
    tubes += [cd5_tube(80, found, level="L", sample=f"r{found}") for found in (78.0, 82.0, 83.0)]
    of = compare(tubes, rules().comparison).cd5
    assert (of.n, of.tubes) == (6, 8)
    assert of.bias == pytest.approx(1)
    assert of.reason == "6 specimens, a comparison asks for at least 40"
    assert not of.enough


def test_a_burden_of_nothing_is_left_out_and_counted() -> None:
    tubes = [
        tube(expected_blast_percent=e, burden_percent=f, sample=str(e))
        for e, f in ((10.0, 11.0), (1.0, 1.1), (0.1, 0.11), (0.01, 0.0), (0.0, 0.0))
    ]
    of = compare(tubes, rules().comparison).burden
    assert (of.n, of.left_out, of.scale) == (3, 2, "log10")
    assert of.slope == pytest.approx(1)
    assert of.bias == pytest.approx(math.log10(1.1))


def test_no_tube_has_no_line_and_says_why() -> None:
    found = record([])
    assert found.comparison.cd5.slope is None
    assert found.comparison.cd5.reason is not None
    assert found.agreement.cd5.kappa is None
    assert found.precision == ()
    assert found.linearity.slope is None
    assert found.detection.lob is None
    assert found.carry_over.most_percent is None
    assert found.stability.cd5.stable_hours is None
    assert found.readers.before is None


def test_states_by_table_and_numbers_at_the_threshold() -> None:
    tubes = [
        cd5_tube(80, 82, sample="a"),
        cd5_tube(75, 69, sample="b"),
        cd5_tube(60, 50, sample="c"),
        cd5_tube(90, 85, sample="d", cd5_state="BORDERLINE"),
    ]
    of = agree(tubes, overt_percent=5.0).cd5
    assert of.table["MEETS"] == {"MEETS": 1, "DOES_NOT_MEET": 1, "BORDERLINE": 1}
    assert of.positive_percent == pytest.approx(100 / 3)
    assert of.negative_percent == 100
    (at,) = of.at_threshold
    assert (at.both, at.only_expected, at.only_found, at.neither) == (2, 1, 0, 1)
    assert (at.percent, at.threshold_percent) == (75, 70)


def test_precision_parts_runs_and_leaves_later_hours_out() -> None:
    rng = np.random.default_rng(2)
    tubes = [
        cd5_tube(
            80, 80 + shift + float(rng.normal(0, 0.5)), level="L", run=str(run), sample=f"{run}{n}"
        )
        for run, shift in enumerate(rng.normal(0, 3, 6))
        for n in range(3)
    ]
    (of,) = precision_of_levels(tubes, rules().precision)
    assert (of.level, of.of, of.n, of.runs) == ("L", "cd5", 18, 6)
    assert [part.name for part in of.components] == ["between runs", "within run", "total"]
    assert of.components[0].sd > of.components[1].sd
    later = [t.model_copy(update={"hours": 48.0}) for t in tubes[:6]]
    early = [t.model_copy(update={"hours": 2.0}) for t in tubes]
    (again,) = precision_of_levels([*early, *later], rules().precision)
    assert again.n == 18


def test_one_run_says_that_nothing_is_known_between_runs() -> None:
    tubes = [burden_tube("low", v, level="1", run="a") for v in (1.0, 1.2)]
    of = precision_of_levels(tubes, rules().precision)
    assert of[0].reason is not None
    assert "one run" in of[0].reason
    assert of[0].cv_percent == pytest.approx(100 * np.std([1, 1.2], ddof=1) / 1.1)


def test_a_replicate_far_from_the_others_is_named_and_kept() -> None:
    values = (0.10, 0.11, 0.09, 0.10, 0.11, 0.10, 0.76)
    tubes = [burden_tube("low", v, level="L", sample=f"l{n}") for n, v in enumerate(values)]
    (of,) = precision_of_levels(tubes, rules().precision)
    assert of.far is not None
    assert (of.far.sample, of.far.percent, of.n) == ("l6", 0.76, 7)
    assert of.far.p < 0.01
    (near,) = precision_of_levels(tubes[:-1], rules().precision)
    assert near.far is None


@pytest.mark.parametrize(("lod", "beyond"), [(0.02, 2), (0.01, 0)])
def test_blanks_of_too_few_events_for_not_detected_are_counted_apart(
    lod: float, beyond: int
) -> None:
    said = {"burden_state": "INCONCLUSIVE", "lod_percent": lod, "required_lod_percent": 0.01}
    clear = burden_tube("blank", 0.0, expected_burden_state="NOT_DETECTED", **said)
    tubes = [clear.model_copy(update={"sample": str(n)}) for n in range(2)]
    of = agree(tubes, overt_percent=5.0).burden.out_of_reach
    assert (0 if of is None else of.n) == beyond
    if of is not None:
        assert (of.of, of.least_lod_percent, of.required_lod_percent) == (2, 0.02, 0.01)


@pytest.mark.parametrize(
    ("blanks", "lows", "purpose"),
    [
        (60, 60, "establish"),
        (60, 59, "verify"),
        (20, 20, "verify"),
        (19, 60, None),
        (60, 19, None),
    ],
)
def test_limits_need_as_many_results_as_the_rules_say(
    blanks: int, lows: int, purpose: str | None
) -> None:
    tubes = [burden_tube("blank", 0.001 * (n % 5), sample=f"b{n}") for n in range(blanks)]
    tubes += [burden_tube("low", 0.05 + 0.001 * (n % 7), sample=f"l{n}") for n in range(lows)]
    of = detect(tubes, rules().detection, claimed=None)
    assert (of.n_blank, of.n_low, of.purpose) == (blanks, lows, purpose)
    assert (of.lod is None) is (purpose is None)
    assert (of.lob is None) == (blanks < 20)
    if purpose != "establish":
        assert of.reason is not None


def test_blanks_that_are_all_zero_go_by_rank() -> None:
    tubes = [burden_tube("blank", 0.0, sample=f"b{n}") for n in range(60)]
    tubes += [burden_tube("low", 0.04 + 0.0005 * n, sample=f"l{n}") for n in range(60)]
    of = detect(tubes, rules().detection, claimed=None)
    assert (of.method, of.lob) == ("rank", 0.0)
    assert of.lod == pytest.approx(0.0005 * 29.5 - 0.0005 * (3.5 - 1))


def test_the_lloq_is_a_level_that_keeps_the_goal_of_its_cv() -> None:
    tubes = [burden_tube("blank", 0.0, sample=f"b{n}") for n in range(60)]
    for level, spread in ((0.03, 0.5), (0.1, 0.2), (1.0, 0.05)):
        values = level * (1 + spread * np.tile((-1, 0, 1), 7))
        tubes += [
            burden_tube("low", float(v), level=f"{level}", sample=f"{level}{n}")
            for n, v in enumerate(values)
        ]
    of = detect(tubes, rules().detection, claimed=None)
    assert of.lloq == pytest.approx(0.1) or of.lloq == pytest.approx(1.0)
    assert of.lod is not None
    assert of.lloq is not None
    assert of.lloq >= of.lod
    assert [point.level for point in of.profile] == ["0.03", "0.1", "1.0"]


def test_a_lod_that_lows_refute_is_none() -> None:
    tubes = [burden_tube("blank", 0.001, sample=f"b{n}") for n in range(60)]
    tubes += [
        burden_tube("low", 0.1 + 0.001 * (n % 5), expected_blast_percent=0.1, sample=f"l{n}")
        for n in range(60)
    ]
    withheld = [
        burden_tube("low", None, expected_blast_percent=0.1, sample=f"w{n}") for n in range(9)
    ]
    assert detect(tubes, rules().detection, claimed=None).lod is not None
    of = detect([*tubes, *withheld], rules().detection, claimed=None)
    assert (of.lod, of.lloq, of.low_without) == (None, None, 9)
    assert of.reason is not None
    assert "only 60 of 69 lows" in of.reason


def test_a_level_with_withheld_numbers_is_not_quantified() -> None:
    tubes = [burden_tube("blank", 0.0, sample=f"b{n}") for n in range(60)]
    for level, without in ((0.1, 5), (1.0, 0)):
        tubes += [
            burden_tube("low", level * (1 + 0.02 * (n % 3)), level=f"{level}", sample=f"{level}{n}")
            for n in range(30)
        ]
        tubes += [
            burden_tube("low", None, level=f"{level}", sample=f"w{level}{n}")
            for n in range(without)
        ]
    of = detect(tubes, rules().detection, claimed=None)
    assert of.lloq == pytest.approx(1.02)
    assert [point.without for point in of.profile] == [5, 0]


def test_claims_of_the_strategy_are_verified() -> None:
    tubes = [burden_tube("blank", 0.0 if n else 0.01, sample=f"b{n}") for n in range(20)]
    tubes += [burden_tube("low", 0.001 if n < 4 else 0.03, sample=f"l{n}") for n in range(20)]
    of = detect(tubes, rules().detection, claimed=LIMITS)
    lob, lod = of.claims
    assert (lob.limit, lob.kept, lob.n, lob.holds) == ("lob", 19, 20, True)
    assert (lod.limit, lod.kept, lod.n, lod.holds) == ("lod", 16, 20, False)


def test_a_dilution_counts_what_was_not_found_and_goes_by_its_level_where_nothing_is_expected() -> (
    None
):
    tubes = [burden_tube("dilution", v, level=f"{v:g} %", sample=str(v)) for v in (10, 1, 0.1)]
    of = dilution_line([*tubes, burden_tube("dilution", 0.0, level="0.01 %")], rules().linearity)
    assert (of.against, of.n, of.left_out) == ("level", 3, 1)
    assert of.slope == pytest.approx(1)
    assert of.r2 == pytest.approx(1)
    assert of.max_deviation_percent == pytest.approx(0, abs=1e-9)
    assert of.reason == "3 levels, linearity asks for 5"


def test_carry_over_is_from_a_high_tube_into_the_blanks_right_after_it() -> None:
    row = [
        burden_tube("sample", 50.0, sequence=1, sample="high"),
        burden_tube("blank", 0.06, sequence=2, sample="first"),
        burden_tube("blank", 0.01, sequence=3, sample="last"),
        burden_tube("sample", 60.0, sequence=4, sample="other"),
        burden_tube("blank", 0.01, sequence=5, sample="alone"),
    ]
    of = carried_over(list(reversed(row)), rules().carry_over)
    assert [(one.high, one.after) for one in of.found] == [("high", "first")]
    assert of.most_percent == pytest.approx(100 * 0.05 / 49.99)
    assert carried_over([burden_tube("blank", 0.0)], rules().carry_over).reason is not None


def test_hours_of_one_level_show_how_it_moves() -> None:
    tubes = [
        cd5_tube(80, found, level=level, hours=hours)
        for level, series in (("a", (80, 79, 60)), ("b", (50, 51, 40)))
        for hours, found in zip((0, 24, 48), series, strict=True)
    ]
    of = stability(tubes, rules().stability).cd5
    assert (of.specimens, of.stable_hours) == (2, 24)
    assert [(one.hours, one.mean) for one in of.changes] == [(24, 0), (48, -15)]


def test_readers_of_different_files_are_not_compared() -> None:
    of = readers([cd5_tube(80, 80, reader="A"), cd5_tube(70, 70, reader="B")])
    assert of.before is None
    assert of.reason == "no file was read by two readers"


def test_one_file_twice_is_told() -> None:
    found = record([cd5_tube(80, 80, sample=name, sha256="same") for name in ("a", "b")])
    assert any("one file under 2 names" in note for note in found.notes)


def test_limits_are_those_of_the_strategy_of_blanks_lows_and_dilutions() -> None:
    compared = cd5_tube(80, 81, strategy="t-all-relapse 2.0.0", strategy_sha256="d" * 64)
    blank, low = burden_tube("blank", 0.0), burden_tube("low", 0.1)
    found = [compared, blank, low]
    assert strategies_of_limits(found) == (blank.strategy_sha256,)
    (note,) = [one for one in _notes_of(found) if "analysed with" in one]
    assert note.startswith("LOB, LOD and LLOQ are of t-all-mrd 2.0.0; other tubes")
    other = low.model_copy(update={"strategy": "mine 1.0.0", "strategy_sha256": "e" * 64})
    (note,) = [one for one in _notes_of([blank, other]) if "analysed with" in one]
    assert note.endswith("limits of one are not those of all")


def _notes_of(tubes: list[OwnTube]) -> tuple[str, ...]:
    return findings(
        tubes,
        rules(),
        failures=(),
        claimed={},
        overt_percent=5.0,
        tubes_sha256="c" * 64,
        provenance=provenance(),
    ).notes
