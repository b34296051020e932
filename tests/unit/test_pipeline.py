"""One tube from file to result: what holds for every result, and what is refused a number."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.config.shipped import strategy_file
from cd5flow.criteria.clinical import T_ALL, Clinical
from cd5flow.errors import FileAccessError, OptionError, StrategyError
from cd5flow.fcs.write import write_fcs
from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionState,
    CutMethod,
    PriorTherapy,
    QualityState,
    Result,
    Specimen,
    Timepoint,
)
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.simulate import (
    CALIBUR,
    FOUR_COLOUR,
    MARROW,
    RELAPSE_8,
    BlastSpec,
    Cd5Reagent,
    Clog,
    PanelSpec,
    SpilloverFault,
    SpilloverFaultKind,
    TrueNumbers,
    TubeSpec,
    fmo,
    isotype,
    perfect_gating,
    simulate_tube,
    write_tube,
)

SPEC = TubeSpec(
    name="plain", events=8000, blast_percent=40, blasts=BlastSpec(cd5_carriers_percent=85), seed=21
)
WITHOUT_MATRIX = replace(
    SPEC, name="no-matrix", spillover_fault=SpilloverFault(SpilloverFaultKind.MISSING)
)
FOUR = replace(SPEC, name="four", instrument=CALIBUR, panel=FOUR_COLOUR)
Make = Callable[[TubeSpec], Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that writes a tube once and returns its path."""
    folder = tmp_path_factory.mktemp("tubes")

    def written(spec: TubeSpec) -> Path:
        path = folder / f"{spec.name}.fcs"
        if not path.exists():
            write_tube(simulate_tube(spec), path)
        return path

    return written


AT_RELAPSE = {"timepoint": Timepoint.RELAPSE, "specimen": Specimen.BONE_MARROW}


def at_relapse(path: Path, **settings: Any) -> Analysis:
    return analyse_tube(path, Settings(**{**AT_RELAPSE, **settings}))


@pytest.fixture(scope="module")
def plain(make: Make) -> Analysis:
    return at_relapse(make(SPEC), controls={"fmo": make(fmo(SPEC))})


def truth(spec: TubeSpec) -> TrueNumbers:
    return perfect_gating(simulate_tube(spec))


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def panel_without(*markers: str) -> PanelSpec:
    return PanelSpec("cut", tuple(s for s in RELAPSE_8.stains if s.marker not in markers))


def leaves(value: object) -> Iterator[object]:
    """Yield every number, text and null of a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def assert_no_percentage(result: Result) -> None:
    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert result.cd5.percent is None
    assert result.cd5.ci95_percent is None
    assert result.cd5.band_percent is None
    assert result.criterion.state is CriterionState.NOT_EVALUABLE


# A plain tube


def test_a_plain_tube_is_read_as_it_is(plain: Analysis) -> None:
    true, result = truth(SPEC), plain.result

    assert result.cd5.percent == pytest.approx(true.cd5_percent, abs=1.5)
    assert result.cd5.state is Cd5State.MEETS
    assert result.burden.percent == pytest.approx(true.blast_percent, rel=0.08)
    assert result.burden.state is BurdenState.OVERT
    assert result.criterion.state is CriterionState.MET
    assert result.strategy.lineage == "cyCD3+ sCD3-"


def test_two_runs_differ_in_the_time_of_making_and_the_digest_alone(
    plain: Analysis, make: Make
) -> None:
    again = at_relapse(make(SPEC), controls={"fmo": make(fmo(SPEC))}).result

    provenance = again.provenance.model_copy(update={"created": plain.result.provenance.created})

    assert again.model_copy(update={"provenance": provenance}).sealed() == plain.result


def test_nothing_is_written(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tube, control = make(SPEC), make(fmo(SPEC))
    monkeypatch.chdir(tmp_path)
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tube.parent.iterdir()}

    at_relapse(tube, controls={"fmo": control})

    assert list(tmp_path.iterdir()) == []
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tube.parent.iterdir()} == before


def test_a_result_fits_its_own_schema(plain: Analysis) -> None:
    schema = Result.model_json_schema(by_alias=True, mode="serialization")
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(json.loads(plain.result.to_json()), schema)


def test_a_result_survives_its_own_text(plain: Analysis) -> None:
    assert Result.model_validate_json(plain.result.to_json()) == plain.result


def test_the_keys_come_in_the_contracts_order(plain: Analysis) -> None:
    assert list(json.loads(plain.result.to_json()))[:16] == [
        "schema",
        "sample",
        "strategy",
        "protocol",
        "controls",
        "panel",
        "quality",
        "populations",
        "cd5",
        "burden",
        "criterion",
        "blasts",
        "excluded",
        "digest",
        "review",
        "provenance",
    ]


def test_every_number_is_finite(plain: Analysis) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    numbers = [
        value
        for value in leaves(json.loads(plain.result.to_json(), parse_constant=refuse))
        if isinstance(value, int | float)
    ]

    assert len(numbers) > 100
    assert all(math.isfinite(number) for number in numbers)


def test_the_result_says_what_it_was_made_from(plain: Analysis, make: Make) -> None:
    result = plain.result

    assert result.sample.id == "plain"
    assert result.sample.file == "plain.fcs"
    assert result.sample.events == 8000
    assert result.sample.timepoint is Timepoint.RELAPSE
    assert result.sample.specimen is Specimen.BONE_MARROW
    assert result.review.state == "unreviewed"
    assert {c.marker for c in result.panel} >= {"CD5", "CD45", "cyCD3", "CD3", "CD7"}
    assert sentence(result.strategy.choice) == "auto: t-all-relapse for time point relapse"
    assert len({result.sample.sha256, result.strategy.sha256, result.protocol.sha256}) == 3
    folder = str(make(SPEC).parent)
    assert folder not in result.to_json()  # names, never folders


def test_what_the_user_says_is_recorded(make: Make) -> None:
    result = at_relapse(
        make(SPEC),
        sample_id="A 1",
        patient_id="P-7",
        collected_at="2026-01-11",
        specimen=Specimen.BONE_MARROW,
        prior_therapy=(PriorTherapy.CD7_CAR,),
        seed=3,
    ).result

    assert (result.sample.id, result.sample.patient_id) == ("A 1", "P-7")
    assert result.sample.collected_at == "2026-01-11"
    assert result.sample.specimen is Specimen.BONE_MARROW
    assert result.sample.prior_therapy == (PriorTherapy.CD7_CAR,)
    assert result.provenance.seed == 3


# Populations


def test_populations_agree_with_the_masks_and_with_each_other(plain: Analysis) -> None:
    result, members = plain.result, plain.gating.members
    rows = {row.name: row for row in result.populations}
    nucleated = rows["nucleated"].events

    assert set(rows) >= {
        "nucleated", "blasts", "cd5_positive", "singlets", "lymphocytes", "t_cells"
    }  # fmt: skip
    for row in result.populations:
        assert row.parent is not None
        assert row.path.startswith("all/")
        assert row.path.endswith(row.name)
        assert row.events == members[row.name].sum()
        parent = int(members[row.parent].sum())
        assert not np.any(members[row.name] & ~members[row.parent])
        assert row.percent_of_parent == (100 * row.events / parent if parent else None)
        if row.percent_of_denominator is not None:
            assert row.percent_of_denominator == pytest.approx(100 * row.events / nucleated)
    assert rows["blasts"].events == result.burden.blast_events == result.cd5.blast_events
    assert rows["blasts"].percent_of_denominator == result.burden.percent
    assert nucleated == result.burden.denominator_events
    assert rows["cd5_positive"].parent == "blasts"
    assert rows["cd5_positive"].events == result.cd5.positive_events
    assert rows["cd5_positive"].percent_of_parent == result.cd5.percent


def test_what_lies_outside_the_denominator_has_no_share_of_it(plain: Analysis) -> None:
    members = plain.gating.members
    outside = {name: bool(np.any(mask & ~members["nucleated"])) for name, mask in members.items()}

    assert {outside["singlets"], outside["blasts"]} == {True, False}
    for row in plain.result.populations:
        assert (row.percent_of_denominator is None) is outside[row.name]


def compensated_on_the_instrument(
    plain: Analysis, path: Path, change: Callable[[npt.NDArray[np.float32], int], None]
) -> Path:
    """Write the plain tube's compensated events without a matrix, its CD5 channel changed."""
    tube = simulate_tube(WITHOUT_MATRIX)
    columns = [plain.tube.events.linear(channel.detector) for channel in tube.raw.channels]
    values = np.asfortranarray(np.column_stack(columns), dtype=np.float32)
    (cd5,) = (c.index for c in tube.raw.channels if "CD5" in (c.label or "").split())
    change(values, cd5)
    write_fcs(path, values, channels=tube.raw.channels, keywords=tube.keywords)
    return path


def unchanged(_values: npt.NDArray[np.float32], _cd5: int) -> None:
    pass


def test_cd5_takes_no_part_in_choosing_the_blasts(plain: Analysis, tmp_path: Path) -> None:
    def shuffle(values: npt.NDArray[np.float32], cd5: int) -> None:
        values[:, cd5] = np.random.default_rng(0).permutation(values[:, cd5])

    whole = compensated_on_the_instrument(plain, tmp_path / "whole.fcs", unchanged)
    shuffled = compensated_on_the_instrument(plain, tmp_path / "shuffled.fcs", shuffle)

    one = at_relapse(whole, spillover="hardware")
    other = at_relapse(shuffled, spillover="hardware")

    np.testing.assert_array_equal(one.gating.members["blasts"], other.gating.members["blasts"])
    assert one.result.burden.percent == other.result.burden.percent
    assert one.result.cd5.percent != other.result.cd5.percent


# Controls


def test_an_accepted_fmo_places_the_cut(plain: Analysis) -> None:
    (control,) = plain.result.controls

    assert (control.role, control.accepted, control.reasons) == ("fmo", True, ())
    assert plain.result.cd5.cut is not None
    assert plain.result.cd5.cut.method is CutMethod.FMO
    assert plain.result.cd5.cut.alternatives[0].method == "internal_negative"


def test_a_full_stain_given_as_fmo_is_refused_and_bounds_the_criterion(make: Make) -> None:
    again = replace(SPEC, name="again", seed=22, donor_seed=SPEC.seed)

    result = at_relapse(make(SPEC), controls={"fmo": make(again)}).result

    (control,) = result.controls
    assert not control.accepted
    assert codes(control.reasons) == ["NOT_AN_FMO"]
    assert result.cd5.cut is not None
    assert result.cd5.cut.method is CutMethod.INTERNAL_NEGATIVE
    assert result.cd5.percent == pytest.approx(truth(SPEC).cd5_percent, abs=5)
    assert result.criterion.state is CriterionState.REVIEW


def test_the_samples_own_file_is_no_fmo(make: Make) -> None:
    result = at_relapse(make(SPEC), controls={"fmo": make(SPEC)}).result

    assert codes(result.controls[0].reasons) == ["SAME_FILE", "NOT_AN_FMO"]
    assert result.cd5.cut is not None
    assert result.cd5.cut.method is CutMethod.INTERNAL_NEGATIVE


def test_an_fmo_of_another_panel_is_refused(make: Make) -> None:
    other = fmo(replace(SPEC, name="wider", panel=RELAPSE_8.plus("FVS700", "viability")))

    result = at_relapse(make(SPEC), controls={"fmo": make(other)}).result

    assert "OTHER_PANEL" in codes(result.controls[0].reasons)
    assert not result.controls[0].accepted


def test_an_isotype_stands_behind_the_internal_negatives(make: Make) -> None:
    result = at_relapse(make(SPEC), controls={"isotype": make(isotype(SPEC))}).result

    assert result.controls[0].accepted
    assert result.cd5.cut is not None
    assert result.cd5.cut.method is CutMethod.INTERNAL_NEGATIVE
    assert "isotype" in [other.method for other in result.cd5.cut.alternatives]


# The reagent


@pytest.mark.parametrize("seed", [21, 22, 23])
@pytest.mark.parametrize("with_fmo", [False, True])
def test_a_forgotten_cd5_is_never_read_as_zero(make: Make, seed: int, *, with_fmo: bool) -> None:
    forgotten = replace(SPEC, name=f"forgotten-{seed}", seed=seed, cd5_reagent=Cd5Reagent.FORGOTTEN)
    controls = {"fmo": make(fmo(forgotten))} if with_fmo else {}

    result = at_relapse(make(forgotten), controls=controls).result

    assert_no_percentage(result)
    assert "CD5_REAGENT_UNPROVEN" in codes(result.cd5.reasons)
    checks = {check.code: check.state for check in result.quality.checks}
    assert checks["CD5_ON_T_CELLS"] is QualityState.FAIL


def test_a_forgotten_cd5_is_noticed_without_blasts_too(make: Make) -> None:
    healthy = replace(SPEC, name="healthy", blast_percent=0, cd5_reagent=Cd5Reagent.FORGOTTEN)

    result = at_relapse(make(healthy)).result

    assert_no_percentage(result)
    checks = {check.code: check.state for check in result.quality.checks}
    assert checks["CD5_ON_T_CELLS"] is QualityState.FAIL


def test_after_cd5_car_the_patients_t_cells_are_not_asked(make: Make) -> None:
    result = at_relapse(make(SPEC), prior_therapy=(PriorTherapy.CD5_CAR,)).result

    checks = {check.code: check.state for check in result.quality.checks}
    assert checks["CD5_ON_T_CELLS"] is QualityState.NOT_DONE
    assert result.criterion.state is CriterionState.REVIEW


# Compensation


def test_without_spillover_there_is_no_percentage(make: Make) -> None:
    result = at_relapse(make(WITHOUT_MATRIX)).result

    assert_no_percentage(result)
    # What spilled over hides CD5 on T cells too, so that quality may fail beside it, and puts blasts
    # where T cells are looked for, so that nothing may be judged by those.
    beside = {"QUALITY_FAIL", "LINEAGE_UNPROVEN", "FEW_BLASTS"}
    assert set(codes(result.cd5.reasons)) - beside == {"NOT_COMPENSATED"}
    assert any(finding.code == "NO_SPILLOVER" for finding in result.findings)


def test_a_matrix_from_a_file_stands_in(plain: Analysis, make: Make, tmp_path: Path) -> None:
    matrix = simulate_tube(SPEC).file_spillover
    assert matrix is not None
    lines = [",".join(matrix.detectors)]
    lines += [",".join(repr(float(value)) for value in row) for row in matrix.matrix]
    file = tmp_path / "matrix.csv"
    file.write_text("\n".join(lines), encoding="utf-8")

    result = at_relapse(make(WITHOUT_MATRIX), spillover=file).result

    assert result.cd5.percent == pytest.approx(at_relapse(make(SPEC)).result.cd5.percent, abs=0.1)
    assert result.burden.percent == pytest.approx(plain.result.burden.percent, abs=0.1)
    assert result.provenance.settings["spillover"] == "matrix.csv"


def test_hardware_compensation_is_taken_at_its_word(make: Make) -> None:
    unstated = at_relapse(make(FOUR)).result
    stated = at_relapse(
        make(FOUR),
        spillover="hardware",
        controls={"fmo": make(fmo(FOUR))},
        clinical=Clinical(diagnosis=T_ALL),  # four colours leave the lineage to CD7
    ).result

    assert_no_percentage(unstated)
    assert "NOT_COMPENSATED" in codes(unstated.cd5.reasons)
    assert stated.controls[0].accepted
    assert stated.cd5.percent == pytest.approx(truth(FOUR).cd5_percent, abs=5)
    assert stated.cd5.state is Cd5State.MEETS


# Markers that are missing


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (("CD5",), "NO_CD5"),
        (("CD45",), "LINEAGE_UNPROVEN"),
        (("cyCD3", "CD3", "CD7"), "LINEAGE_UNPROVEN"),
        (("cyCD3", "CD7"), "LINEAGE_UNPROVEN"),
        (("CD3",), "LINEAGE_UNPROVEN"),
    ],
)
def test_a_tube_without_a_needed_marker_is_a_result(
    make: Make, missing: tuple[str, ...], code: str
) -> None:
    spec = replace(SPEC, name="without-" + "-".join(missing), panel=panel_without(*missing))

    result = at_relapse(make(spec)).result

    assert_no_percentage(result)
    assert codes(result.cd5.reasons)[0] == code
    assert {row.name for row in result.populations} >= {"nucleated", "blasts", "cd5_positive"}
    Result.model_validate_json(result.to_json())


@pytest.mark.parametrize(
    "missing", [("CD45",), ("cyCD3", "CD3", "CD7"), ("cyCD3", "CD7"), ("CD3",)]
)
def test_blasts_that_nothing_tells_are_unknown_and_not_none(
    make: Make, missing: tuple[str, ...]
) -> None:
    spec = replace(SPEC, name="without-" + "-".join(missing), panel=panel_without(*missing))

    burden = at_relapse(make(spec)).result.burden

    assert burden.percent is None
    assert burden.ci95_percent is None
    assert burden.state in {BurdenState.INCONCLUSIVE, BurdenState.NOT_EVALUABLE}


def test_a_tube_without_cd5_still_counts_its_blasts(make: Make) -> None:
    spec = replace(SPEC, name="without-CD5", panel=panel_without("CD5"))

    result = at_relapse(make(spec), controls={}).result

    assert result.burden.state is BurdenState.OVERT
    assert result.cd5.blast_events == result.burden.blast_events > 1000
    assert codes(result.cd5.reasons) == ["NO_CD5"]
    assert result.cd5.cut is None


# Few events


@pytest.mark.parametrize("events", [1, 30, 300])
def test_a_handful_of_events_gives_no_percentage(make: Make, events: int) -> None:
    spec = replace(SPEC, name=f"few-{events}", events=events)

    result = at_relapse(make(spec)).result

    assert_no_percentage(result)
    assert result.burden.state in {BurdenState.INCONCLUSIVE, BurdenState.NOT_EVALUABLE}
    assert Result.model_validate_json(result.to_json()) == result


def test_a_tube_without_disease_is_not_given_a_percentage_of_it(make: Make) -> None:
    result = at_relapse(make(replace(SPEC, name="clean", blast_percent=0))).result

    assert_no_percentage(result)
    assert "FEW_BLASTS" in codes(result.cd5.reasons)
    assert result.burden.state is BurdenState.INCONCLUSIVE


@pytest.mark.parametrize(
    ("events", "blast_percent"), [(8000, 90), (12_000, 60), (30_000, 60), (30_000, 90)]
)
def test_where_there_are_hardly_any_t_cells_blasts_are_not_taken_for_them(
    make: Make, events: int, blast_percent: float
) -> None:
    spec = replace(
        SPEC,
        name=f"hardly-a-t-cell-{events}-{blast_percent}",
        events=events,
        blast_percent=blast_percent,
        composition=MARROW.with_percent(t_cells=0.3),
        seed=1,
    )
    blasts, true = simulate_tube(spec).truth.blasts, truth(spec)

    found = at_relapse(make(spec))

    taken = found.gating.members.get("t_cells")
    assert taken is None or np.count_nonzero(taken & blasts) < 0.05 * np.count_nonzero(blasts)
    percent = found.result.burden.percent
    assert percent is None or percent == pytest.approx(true.blast_percent, rel=0.08)
    assert found.result.cd5.state is not Cd5State.DOES_NOT_MEET


# Values that are no numbers


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_event_without_a_cd5_value_is_left_out_of_the_share(
    plain: Analysis, tmp_path: Path, bad: float
) -> None:
    def holes(values: npt.NDArray[np.float32], cd5: int) -> None:
        values[::40, cd5] = bad

    path = compensated_on_the_instrument(plain, tmp_path / "holes.fcs", holes)
    unholed = compensated_on_the_instrument(plain, tmp_path / "whole.fcs", unchanged)

    whole = at_relapse(unholed, spillover="hardware").result
    result = at_relapse(path, spillover="hardware").result

    assert result.cd5.percent == pytest.approx(whole.cd5.percent, abs=1)
    assert result.cd5.blast_events < whole.cd5.blast_events
    assert result.burden == whole.burden
    assert Result.model_validate_json(result.to_json()) == result


# Bounds of the criterion


@pytest.mark.parametrize("timepoint", [Timepoint.UNSTATED, Timepoint.DIAGNOSIS])
def test_without_a_relapse_the_criterion_is_review_at_most(
    make: Make, timepoint: Timepoint
) -> None:
    result = at_relapse(make(SPEC), timepoint=timepoint).result

    assert result.cd5.state is Cd5State.MEETS
    assert result.burden.state is BurdenState.OVERT
    assert result.criterion.state is CriterionState.REVIEW


def test_a_failed_quality_check_withholds_states_and_not_numbers(
    make: Make, tmp_path: Path
) -> None:
    strict = tmp_path / "strict.yaml"
    text = strategy_file("t-all-relapse").read_text("utf-8")
    limits = "DEBRIS: {worse: above, warn: 0, fail: 0}"
    strict.write_text(re.sub(r"DEBRIS: \{.*\}", limits, text), encoding="utf-8")

    result = at_relapse(make(SPEC), strategy=str(strict)).result

    assert result.quality.state is QualityState.FAIL
    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert "QUALITY_FAIL" in codes(result.cd5.reasons)
    assert result.cd5.percent == at_relapse(make(SPEC)).result.cd5.percent
    assert result.burden.state is BurdenState.NOT_EVALUABLE
    assert result.burden.percent is not None
    assert result.criterion.state is CriterionState.NOT_EVALUABLE
    assert sentence(result.strategy.choice) == "as given"


def test_a_clog_is_reported_and_left_out(make: Make) -> None:
    clogged = replace(SPEC, name="clogged", clog=Clog(), events=12_000)
    disturbed = simulate_tube(clogged).truth.disturbed

    analysis = at_relapse(make(clogged))

    checks = {check.code: check for check in analysis.result.quality.checks}
    assert checks["UNSTABLE_TIME"].state is QualityState.WARN
    assert checks["UNSTABLE_TIME"].value == pytest.approx(18, abs=3)
    assert np.mean(analysis.gating.members["stable"][disturbed]) < 0.1
    assert np.mean(analysis.gating.members["stable"][~disturbed]) > 0.95


# Rules


def test_the_time_point_chooses_the_strategy(make: Make) -> None:
    assert at_relapse(make(SPEC), timepoint=Timepoint.MRD).result.strategy.name == "t-all-mrd"
    assert at_relapse(make(SPEC)).result.strategy.name == "t-all-relapse"


def test_the_protocol_sets_the_rule(make: Make) -> None:
    cd5 = at_relapse(make(SPEC), protocol="cd5-cart-90").result.cd5

    assert (cd5.operator, cd5.threshold_percent) == (">", 90)
    assert cd5.state is Cd5State.DOES_NOT_MEET


def test_a_laboratorys_own_file_is_used_by_its_path(make: Make, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = strategy_file("t-all-relapse").read_text("utf-8")
    own.write_text(text.replace("name: t-all-relapse", "name: own"), encoding="utf-8")

    result = at_relapse(make(SPEC), strategy=str(own)).result

    assert result.strategy.name == "own"
    assert result.provenance.settings["strategy"] == "own.yaml"


def test_wrong_inputs_are_refused_by_name(make: Make, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nowhere"):
        at_relapse(make(SPEC), strategy="nowhere")
    with pytest.raises(StrategyError, match=r"absent\.yaml"):
        at_relapse(make(SPEC), strategy=str(tmp_path / "absent.yaml"))
    with pytest.raises(FileAccessError, match=r"absent\.fcs"):
        at_relapse(tmp_path / "absent.fcs")
    with pytest.raises(FileAccessError, match=r"absent\.fcs"):
        at_relapse(make(SPEC), controls={"fmo": tmp_path / "absent.fcs"})
