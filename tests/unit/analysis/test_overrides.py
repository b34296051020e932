"""A tube with gates drawn by hand: what changes, what does not, and what the result tells of it."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.errors import OverrideError
from cd5flow.gating.override import load_overrides
from cd5flow.model.digest import digest_of
from cd5flow.model.reasons import codes, sentence
from cd5flow.model.region_file import write_region
from cd5flow.model.result import Cd5State, CriterionState, CutMethod, Result, ReviewSection
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.plots import drawings
from support.analysed import CLEAR, NO_CD5, analysis, fmo_of, tube
from support.chain import chain_strategy
from support.override_factory import boolean, drawn, interval, written

NO_DISEASE = "p11-no-disease"


@cache
def chained() -> Analysis:
    """Return the clear tube with its FMO, blasts found by gates one below the other."""
    controls = {"fmo": fmo_of(CLEAR)}
    return analyse_tube(
        tube(CLEAR),
        make_settings(
            timepoint="relapse",
            specimen="bone_marrow",
            controls=controls,
            strategy=chain_strategy(),
        ),
    )


@cache
def automatic(*, by_groups: bool = False) -> Any:
    """Return its result as other programs read it."""
    return json.loads((analysis(CLEAR) if by_groups else chained()).result.to_json())


def region(name: str) -> Any:
    """Return a gate's region as the result shows it, to be edited."""
    (row,) = [p for p in automatic()["populations"] if p["name"] == name]
    return copy.deepcopy(row["gate"]["region"])


def by_hand(
    folder: Path,
    *gates: Any,
    name: str = CLEAR,
    fmo: bool = True,
    by_groups: bool = False,
    **changes: Any,
) -> Analysis:
    """Analyse a sample tube with an override file."""
    sample = changes.pop("sample", {"id": name})
    path = written(folder, *gates, sample=sample, **changes)
    controls = {"fmo": fmo_of(name)} if fmo and fmo_of(name).is_file() else {}
    strategy = None if by_groups else chain_strategy()
    return analyse_tube(
        tube(name),
        make_settings(
            timepoint="relapse",
            specimen="bone_marrow",
            controls=controls,
            override=path,
            strategy=strategy,
        ),
    )


@cache
def after_therapy(override: Path | None = None) -> Analysis:
    """Analyse the tube without disease as one taken after therapy."""
    return analyse_tube(tube(NO_DISEASE), make_settings(timepoint="mrd", override=override))


def plain(result: Result) -> Any:
    return json.loads(result.to_json())


def rows(result: Any) -> dict[str, Any]:
    return {row["name"]: row for row in result["populations"]}


def place(row: Any) -> tuple[Any, int]:
    return row["gate"]["region"], row["events"]


def moved(name: str, by: float) -> Any:
    """Return a gate's region with its bounds, or its centre, moved."""
    shape = region(name)
    for edge in ("low", "high"):
        if shape.get(edge) is not None:
            shape[edge] += by
    if "centre" in shape:
        shape["centre"][0] += by
    return shape


# Round trip


@pytest.mark.parametrize("by_groups", [False, True], ids=["chain", "groups"])
def test_every_gate_given_back_unchanged_gives_the_same_numbers(
    *, by_groups: bool, tmp_path: Path
) -> None:
    before = automatic(by_groups=by_groups)
    every = [drawn(row["name"], row["gate"]["region"]) for row in before["populations"]]
    after = plain(by_hand(tmp_path, *every, by_groups=by_groups).result)
    assert {name: place(row) for name, row in rows(after).items()} == {
        name: place(row) for name, row in rows(before).items()
    }
    assert {row["gate"]["method"] for row in after["populations"]} == {"override"}
    assert (after["burden"], after["controls"]) == (before["burden"], before["controls"])
    assert after["quality"]["state"] == before["quality"]["state"]
    assert after["cd5"]["percent"] == before["cd5"]["percent"]
    assert after["cd5"]["cut"]["linear"] == before["cd5"]["cut"]["linear"]
    assert after["cd5"]["state"] == before["cd5"]["state"] == "MEETS"
    assert after["criterion"]["state"] == before["criterion"]["state"] == "MET"
    for one in after["overrides"]:
        assert (one["region"], one["events"]) == (
            one["automatic"]["region"],
            one["automatic"]["events"],
        )


def test_the_file_that_the_result_suggests_is_refused_until_a_person_signs_it(
    tmp_path: Path,
) -> None:
    suggested = automatic()["provenance"]["redo"]["override"]
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(suggested), encoding="utf-8")
    with pytest.raises(OverrideError) as caught:
        load_overrides(path)
    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == [
        *("by", "date", "reason"),
    ]
    path.write_text(json.dumps({**suggested, "by": "A", "date": "2026-02-03", "reason": "why"}))
    controls = {"fmo": fmo_of(CLEAR)}
    chosen = make_settings(
        timepoint="relapse", controls=controls, override=path, strategy=chain_strategy()
    )
    after = plain(analyse_tube(tube(CLEAR), chosen).result)
    assert {name: place(row) for name, row in rows(after).items()} == {
        name: place(row) for name, row in rows(automatic()).items()
    }


def test_the_same_override_gives_the_same_result(tmp_path: Path) -> None:
    gates = [drawn("cells", moved("cells", -0.02)), drawn("blasts", moved("blasts", -0.01))]
    one, other = (plain(by_hand(tmp_path, *gates).result) for _ in range(2))
    for result in (one, other):
        result["provenance"].pop("created")
        result.pop("digest")
    assert one == other


# What changes


def test_only_what_lies_below_a_drawn_gate_changes(tmp_path: Path) -> None:
    after = rows(
        plain(by_hand(tmp_path, drawn("cycd3_positive", moved("cycd3_positive", 0.03))).result)
    )
    before = rows(automatic())
    changed = {name for name in before if place(before[name]) != place(after[name])}
    assert "cycd3_positive" in changed
    assert changed <= {"cycd3_positive", "scd3_negative", "blasts", "nucleated", "cd5_positive"}
    for name in set(before) - changed:
        assert before[name]["gate"] == after[name]["gate"]


def test_gates_below_a_drawn_one_are_found_anew(tmp_path: Path) -> None:
    # T cells alone: what follows must be placed among them.
    after = by_hand(tmp_path, drawn("cycd3_positive", moved("cycd3_positive", 0.1)))
    one = after.gating.tree["scd3_negative"]
    assert one.evidence.method != "override"
    assert one.evidence.events < chained().gating.tree["scd3_negative"].evidence.events


def test_blasts_are_those_inside_the_drawn_region(tmp_path: Path) -> None:
    smaller = region("blasts")
    smaller["distance_squared"] /= 4
    after = by_hand(tmp_path, drawn("blasts", smaller))
    inside = after.gating.members["blasts"]
    assert 0 < inside.sum() < chained().gating.members["blasts"].sum()
    assert not np.any(inside & ~chained().gating.members["blasts"])
    assert after.result.burden.blast_events == inside.sum()
    assert after.result.cd5.blast_events == inside.sum()


def test_a_control_tube_is_read_through_the_drawn_gates(tmp_path: Path) -> None:
    smaller = region("blasts")
    smaller["distance_squared"] /= 4
    after = by_hand(tmp_path, drawn("blasts", smaller))
    (control,) = after.controls
    (before,) = chained().controls
    assert control.members["blasts"].sum() < before.members["blasts"].sum()


def test_a_gate_may_be_left_out(tmp_path: Path) -> None:
    after = by_hand(tmp_path, drawn("singlets", pass_through=True))
    assert "singlets" not in after.gating.tree
    (one,) = plain(after.result)["overrides"]
    assert (one["region"], one["events"]) == (None, None)
    assert one["automatic"]["events"] == rows(automatic())["singlets"]["events"]


def test_a_valley_drawn_by_hand_parts_its_neighbours_no_better(tmp_path: Path) -> None:
    after = by_hand(tmp_path, drawn("cycd3_positive", region("cycd3_positive")))
    assert after.result.cd5.band_percent == chained().result.cd5.band_percent


# The CD5 cut


def cut(tmp_path: Path, by: float, *, fmo: bool = True) -> Result:
    return by_hand(tmp_path, drawn("cd5_positive", moved("cd5_positive", by)), fmo=fmo).result


def test_a_cut_by_hand_counts_the_blasts_above_it(tmp_path: Path) -> None:
    found = by_hand(tmp_path, drawn("cd5_positive", moved("cd5_positive", 0.2)))
    result = found.result
    assert result.cd5.cut is not None
    assert (result.cd5.cut.method, result.cd5.cut.by_hand) == (CutMethod.FIXED, True)
    assert sentence(result.cd5.cut.reference) == "placed by hand by A. B."
    assert result.cd5.positive_events < automatic()["cd5"]["positive_events"]
    assert found.gating.members["cd5_positive"].sum() == result.cd5.positive_events
    assert rows(plain(result))["cd5_positive"]["gate"]["region"] == moved("cd5_positive", 0.2)


def test_a_cut_by_hand_near_the_fmo_may_be_definite(tmp_path: Path) -> None:
    result = cut(tmp_path, 0.01)
    assert result.cd5.state is Cd5State.MEETS
    assert result.cd5.cut is not None
    assert "fmo" in [other.method for other in result.cd5.cut.alternatives]


@pytest.mark.parametrize(("by", "fmo"), [(0.1, True), (0.0, False)])
def test_a_cut_by_hand_without_an_fmo_near_it_is_not(
    tmp_path: Path, by: float, *, fmo: bool
) -> None:
    result = cut(tmp_path, by, fmo=fmo)
    assert result.cd5.state is Cd5State.BORDERLINE
    assert "CUT_BY_HAND" in codes(result.cd5.reasons)
    assert result.criterion.state is CriterionState.REVIEW


def test_a_cut_may_be_given_in_linear_units(tmp_path: Path) -> None:
    linear = automatic()["cd5"]["cut"]["linear"]
    detector = automatic()["cd5"]["cut"]["channel"]
    shape = {**interval(detector, linear), "dimension": {"detector": detector, "scale": "linear"}}
    result = by_hand(tmp_path, drawn("cd5_positive", shape)).result
    assert result.cd5.cut is not None
    assert result.cd5.cut.linear == linear
    assert result.cd5.positive_events == automatic()["cd5"]["positive_events"]


def test_a_cut_in_a_tube_without_cd5_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OverrideError, match="no channel of this tube carries CD5"):
        by_hand(tmp_path, drawn("cd5_positive", interval("PE-A", 0.5)), name=NO_CD5)


# What the result tells


def test_the_result_shows_both_gates_and_who_drew_one(tmp_path: Path) -> None:
    found = by_hand(
        tmp_path,
        drawn("blasts", moved("blasts", -0.02), reason="they reach lower"),
        drawn("cells", moved("cells", -0.02)),
    )
    result = plain(found.result)
    file = load_overrides(tmp_path / "mine.yaml")
    one, other = result["overrides"]
    assert (one["gate"], one["by"], one["date"]) == ("blasts", "A. B.", "2026-02-03")
    assert (one["reason"], other["reason"]) == ("they reach lower", "the valley was missed")
    assert (one["file"], one["sha256"]) == ("mine.yaml", file.sha256)
    assert one["automatic"]["region"] == region("blasts")
    assert one["automatic"]["events"] == rows(automatic())["blasts"]["events"]
    assert (one["region"], one["events"]) == place(rows(result)["blasts"])
    assert one["percent_of_parent"] == rows(result)["blasts"]["percent_of_parent"]
    assert result["automatic"] == {
        "lineage": automatic()["strategy"]["lineage"],
        "cd5_state": "MEETS",
        "cd5_percent": automatic()["cd5"]["percent"],
        "burden_state": "OVERT",
        "burden_percent": automatic()["burden"]["percent"],
        "criterion_state": "MET",
    }
    assert found.automatic is not None
    assert found.automatic.count("blasts") == one["automatic"]["events"]


def test_a_drawn_gate_is_told_is_no_bound_and_no_review(tmp_path: Path) -> None:
    result = by_hand(tmp_path, drawn("blasts", moved("blasts", -0.002))).result
    assert result.review == ReviewSection()
    assert result.digest == digest_of(result)
    assert result.criterion.state is CriterionState.MET
    assert str(result.criterion.reasons[-1]) == "GATE_BY_HAND: gated by hand by A. B.: blasts"
    assert "GATE_BY_HAND: blasts is drawn by hand" in map(str, result.findings)
    row = rows(plain(result))["blasts"]
    assert (row["gate"]["method"], row["gate"]["confidence"]) == ("override", "by_hand")


def test_without_an_override_nothing_is_amended() -> None:
    result = automatic()
    assert (result["overrides"], result["automatic"]) == ([], None)
    assert result["review"]["state"] == "unreviewed"


def test_every_result_tells_how_to_redo_it() -> None:
    redo = automatic()["provenance"]["redo"]
    assert redo["command"] == (
        f"cd5flow analyze {CLEAR}.fcs --strategy t-all-relapse.yaml --protocol cd5-cart-70 "
        f"--timepoint relapse --specimen bone_marrow --control fmo={CLEAR}_FMO-CD5.fcs "
        "--override override.yaml"
    )
    override = redo["override"]
    assert override["sample"] == {"id": CLEAR, "sha256": automatic()["sample"]["sha256"]}
    assert override["gates"] == [drawn("blasts", region("blasts"))]


def test_an_amended_result_is_redone_with_its_own_regions(tmp_path: Path) -> None:
    gates = [drawn("cells", moved("cells", -0.02)), drawn("singlets", pass_through=True)]
    redo = plain(by_hand(tmp_path, *gates).result)["provenance"]["redo"]
    assert redo["command"].endswith(" --override mine.yaml")
    assert redo["override"]["gates"] == gates
    assert "tmp" not in json.dumps(redo)


def test_every_setting_is_in_the_command_that_redoes_it(tmp_path: Path) -> None:
    (tmp_path / "clinic.yaml").write_text("diagnosis: T-ALL\n", "utf-8")
    chosen = make_settings(
        strategy="t-all-mrd",
        protocol="cd5-cart-50",
        timepoint="mrd",
        specimen="bone_marrow",
        prior_therapy=["cd7_car", "allo_hsct"],
        sample_id="S 1",
        patient_id="P7",
        collected_at="2026-01-12",
        spillover="hardware",
        dataset=1,
        clinical=tmp_path / "clinic.yaml",
        seed=3,
    )
    redo = analyse_tube(tube(CLEAR), chosen).result.provenance.redo
    assert redo is not None
    assert redo.command == (
        f"cd5flow analyze {CLEAR}.fcs --strategy t-all-mrd --protocol cd5-cart-50 --timepoint mrd "
        "--specimen bone_marrow --prior-therapy cd7_car --prior-therapy allo_hsct "
        "--sample-id 'S 1' --patient-id P7 --collected-at 2026-01-12 --spillover hardware "
        "--dataset 1 --clinical CLINICAL.yaml --seed 3 --override override.yaml"
    )


def test_a_setting_that_is_new_finds_its_place_in_that_command() -> None:
    """Whoever adds a setting adds it to the command, or here with the reason why not."""
    of_a_sheet = {"identifiers", "control_identifiers", "control_datasets"}
    for_the_record = {"origins"}
    own_gates = {"gates"}  # drawn anew in the program that they come from
    said = {
        *("strategy", "protocol", "timepoint", "specimen", "prior_therapy", "controls"),
        *("sample_id", "patient_id", "collected_at", "spillover", "dataset", "clinical"),
        *("override", "laip", "seed", "markers"),
    }
    assert {one.name for one in fields(Settings)} == said | of_a_sheet | for_the_record | own_gates


def test_a_tube_with_its_own_markers_is_redone_with_them() -> None:
    chosen = make_settings(
        timepoint="relapse", specimen="bone_marrow", markers={"CD5": "PerCP-Cy5-5-A"}
    )
    redo = analyse_tube(tube(CLEAR), chosen).result.provenance.redo
    assert redo is not None
    assert redo.command.startswith(f"cd5flow analyze {CLEAR}.fcs ")
    assert redo.command.endswith(" --marker CD5=PerCP-Cy5-5-A")


def test_candidates_that_form_no_cluster_are_not_suggested_as_blasts() -> None:
    found = after_therapy()
    assert not found.gating.lineage.cluster
    redo = found.result.provenance.redo
    assert redo is not None
    (gate,) = redo.override["gates"]
    assert gate["gate"] == found.gating.tree["look_alikes"].parent


def test_who_draws_blasts_says_that_they_are_a_population(tmp_path: Path) -> None:
    found = after_therapy().gating
    shape = write_region(found.tree["look_alikes"].region)
    path = written(tmp_path, drawn("blasts", shape), sample={"id": NO_DISEASE})
    after = after_therapy(path)
    assert after.gating.lineage.cluster
    assert after.gating.count("blasts") == found.count("look_alikes")


def test_blasts_drawn_where_there_is_no_cell_are_none(tmp_path: Path) -> None:
    nowhere = region("blasts")
    nowhere["centre"] = [40.0, 40.0]
    after = by_hand(tmp_path, drawn("blasts", nowhere))
    assert after.result.burden.blast_events == 0
    assert after.result.burden.percent == 0
    assert after.result.cd5.state is Cd5State.NOT_EVALUABLE
    assert after.result.cd5.percent is None
    assert after.result.overrides[0].events == 0
    assert len(list(drawings(after))) > 10


def test_a_tube_without_blasts_suggests_its_last_gate() -> None:
    redo = analysis(NO_CD5).result.provenance.redo
    assert redo is not None
    assert [gate["gate"] for gate in redo.override["gates"]] == ["nucleated"]


# What is refused


def test_another_tubes_regions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        OverrideError, match=r"is for sample 'p02', this one is 'p01-clear-positive'"
    ):
        by_hand(tmp_path, drawn("blasts", region("blasts")), sample={"id": "p02"})
    wrong = {"sha256": automatic()["sample"]["sha256"][::-1]}
    with pytest.raises(OverrideError, match="is for the file of SHA-256"):
        by_hand(tmp_path, drawn("blasts", region("blasts")), sample=wrong)


def test_cd5_may_not_choose_the_blasts(tmp_path: Path) -> None:
    shape = {"shape": "interval", "dimension": region("cd5_positive")["dimension"], "low": 0.4}
    with pytest.raises(OverrideError, match="'cells' decides who is a blast"):
        by_hand(tmp_path, drawn("cells", shape))


def test_a_combination_of_populations_can_be_drawn(tmp_path: Path) -> None:
    after = by_hand(tmp_path, drawn("scd3_negative", boolean("not t_cells")))
    inside = after.gating.members["scd3_negative"]
    assert not np.any(inside & after.gating.members["t_cells"])
    assert rows(plain(after.result))["scd3_negative"]["gate"]["placed_by"] == ["t_cells"]


BLOCK = """\
format: cd5flow.override/1
sample: {{id: {sample}}}
by: A. B.              # who
date: 2026-02-03
reason: the valley was missed
gates:
  - gate: cycd3_positive
    region:
      shape: interval
      dimension: {{detector: {detector}}}
      low: 0.48        # on the channel's display scale
"""


def test_a_file_written_by_hand_needs_little(tmp_path: Path) -> None:
    detector = region("cycd3_positive")["dimension"]["detector"]
    path = tmp_path / "mine.yaml"
    path.write_text(BLOCK.format(sample=CLEAR, detector=detector), encoding="utf-8")
    settings = make_settings(
        timepoint="relapse", specimen="bone_marrow", override=path, strategy=chain_strategy()
    )
    after = analyse_tube(tube(CLEAR), settings).result
    drawn_region = rows(plain(after))["cycd3_positive"]["gate"]["region"]
    assert drawn_region == {**region("cycd3_positive"), "low": 0.48}
