"""Control tubes: what is accepted, and each reason against one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cd5flow.analysis.control_acceptance import ControlSide, SampleSide, judge_control
from cd5flow.analysis.option_words import Role
from cd5flow.config.shipped import markers_file
from cd5flow.criteria.bounds import fmo_refused
from cd5flow.fcs import FcsFile
from cd5flow.model.events import Spillover
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import written
from cd5flow.model.result import ControlSection, CutMethod
from cd5flow.preprocess.labels import load_aliases
from cd5flow.quantify.cuts import ControlSignal, Cut, Signal
from support.readout_factory import (
    BRIGHT,
    CENTRE,
    SPREAD,
    at,
    cd5_limits,
    channel,
    channels,
    fcs_file,
    spillover_of,
    spread,
)

LIMITS = cd5_limits()
NEGATIVE = Cut(
    CutMethod.INTERNAL_NEGATIVE, CENTRE + 2.33 * SPREAD, written("nk_cells"), 1000, CENTRE, SPREAD
)
UNSTAINED = spread(600)
"""CD5 of cells that saw no CD5 antibody."""


def told(section: ControlSection) -> tuple[str, ...]:
    return tuple(map(str, section.reasons))


class Bench:
    """A sample and a way to hold controls against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sample = fcs_file(folder, "sample.fcs")
        self.side = SampleSide(
            self.sample, "PE-A", t_cells=at((300, BRIGHT)), negative_cut=NEGATIVE
        )

    def judge(
        self,
        fcs: FcsFile | None = None,
        *,
        role: Role = "fmo",
        blasts: Signal = UNSTAINED,
        t_cells: Signal = UNSTAINED,
        lymphocytes: Signal | None = None,
        identifiers: Mapping[str, str] | None = None,
        limits: Cd5Limits = LIMITS,
    ) -> tuple[ControlSection, ControlSignal | None]:
        """Judge a control; one without a fault unless told otherwise."""
        file = fcs_file(self.folder, "control.fcs") if fcs is None else fcs
        others = at() if lymphocytes is None else lymphocytes
        control = ControlSide(role, file, blasts, t_cells, identifiers or {}, others)
        return judge_control(control, sample=self.side, limits=limits)

    def refused(self, fcs: FcsFile | None = None, **how: object) -> tuple[str, ...]:
        """Return the codes for which a control is refused."""
        section, signal = self.judge(fcs, **how)  # type: ignore[arg-type]
        assert section.accepted is (not section.reasons)
        assert (signal is not None) is section.accepted
        return tuple(reason.code for reason in section.reasons)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_matched_fmo_is_accepted_and_hands_on_its_blasts(bench: Bench) -> None:
    section, signal = bench.judge()

    assert section.accepted
    assert told(section) == ()
    assert (section.role, section.file) == ("fmo", "control.fcs")
    assert section.sha256 != bench.sample.sha256
    assert signal is not None
    assert signal.role == "fmo"
    np.testing.assert_array_equal(signal.blasts, UNSTAINED)


def test_the_samples_own_file_is_refused(bench: Bench) -> None:
    copy = fcs_file(bench.folder, "copy.fcs", content=b"sample.fcs")

    assert bench.refused(copy) == ("SAME_FILE",)


def test_another_marker_is_refused(bench: Bench) -> None:
    other = fcs_file(bench.folder, "other.fcs", of=channels(APC_A={"label": "CD19"}))

    section, _ = bench.judge(other)

    assert told(section) == ("OTHER_PANEL: APC-A is CD19, not CD45",)


@pytest.mark.parametrize("label", [None, "FMO", "CD5 FMO"])
def test_the_empty_cd5_channel_of_an_fmo_may_be_named_as_it_likes(
    bench: Bench, label: str | None
) -> None:
    renamed = fcs_file(bench.folder, "renamed.fcs", of=channels(PE_A={"label": label}))

    assert bench.refused(renamed) == ()


@pytest.mark.parametrize("pulse", ["PE-H", "PE-W"])
def test_so_may_the_other_measures_of_its_pulse(bench: Bench, pulse: str) -> None:
    stained = (*channels(), channel(4, pulse, "CD5 PE"))
    bench.sample = fcs_file(bench.folder, "sample.fcs", of=stained)
    bench.side = replace(bench.side, fcs=bench.sample)
    empty = (*channels(PE_A={"label": None}), channel(4, pulse, None))
    other = (*channels(), channel(4, pulse, "CD5 PE"))[:4]

    assert bench.refused(fcs_file(bench.folder, "fmo.fcs", of=empty)) == ()
    assert bench.refused(fcs_file(bench.folder, "less.fcs", of=other)) == ("OTHER_PANEL",)


def test_a_channel_more_or_less_is_refused(bench: Bench) -> None:
    more = fcs_file(bench.folder, "more.fcs", of=(*channels(), channel(4, "FITC-A", "CD7")))
    less = fcs_file(bench.folder, "less.fcs", of=channels()[1:])

    assert told(bench.judge(more)[0]) == ("OTHER_PANEL: channels in one of the tubes only: FITC-A",)
    assert told(bench.judge(less)[0]) == ("OTHER_PANEL: channels in one of the tubes only: FSC-A",)


def test_another_voltage_is_refused(bench: Bench) -> None:
    louder = fcs_file(bench.folder, "louder.fcs", of=channels(PE_A={"voltage": 510.0}))

    section, _ = bench.judge(louder)

    assert told(section) == ("OTHER_VOLTAGE: PE-A at 510 V, in the sample 500 V",)


def test_an_unknown_voltage_is_no_fault(bench: Bench) -> None:
    silent = fcs_file(bench.folder, "silent.fcs", of=channels(PE_A={"voltage": None}))

    assert bench.refused(silent) == ()


def test_another_spillover_matrix_is_refused(bench: Bench) -> None:
    other = fcs_file(bench.folder, "other.fcs", spillover=spillover_of(0.11))
    reordered = Spillover(("APC-A", "PE-A"), np.eye(2), "$SPILLOVER")

    assert bench.refused(other) == ("OTHER_SPILLOVER",)
    assert bench.refused(replace(other, spillover=reordered)) == ("OTHER_SPILLOVER",)
    assert bench.refused(replace(other, spillover=None)) == ("OTHER_SPILLOVER",)


def test_a_matrix_that_differs_in_its_last_digits_is_the_same(bench: Bench) -> None:
    rounded = fcs_file(bench.folder, "rounded.fcs", spillover=spillover_of(0.1 + 1e-8))

    assert bench.refused(rounded) == ()


def test_two_tubes_without_a_matrix_agree(bench: Bench) -> None:
    bench.side = replace(bench.side, fcs=replace(bench.sample, spillover=None))
    control = replace(fcs_file(bench.folder, "control.fcs"), spillover=None)

    assert bench.refused(control) == ()


def test_a_matrix_in_another_order_is_the_same(bench: Bench) -> None:
    ours = spillover_of()
    turned = Spillover(tuple(reversed(ours.detectors)), ours.matrix[::-1, ::-1], "$SPILLOVER")
    control = fcs_file(bench.folder, "turned.fcs", spillover=turned)

    assert bench.refused(control) == ()


def test_where_the_user_states_the_matrix_a_file_may_lack_its_own(bench: Bench) -> None:
    bare = replace(fcs_file(bench.folder, "bare.fcs"), spillover=None)
    bench.side = replace(bench.side, spillover_stated=True)

    assert bench.refused(bare) == ()
    other = fcs_file(bench.folder, "other.fcs", spillover=spillover_of(0.2))
    assert bench.refused(other) == ("OTHER_SPILLOVER",)


def test_another_day_is_refused_and_another_hour_is_not(bench: Bench) -> None:
    later = fcs_file(bench.folder, "later.fcs", acquired="2026-01-12T17:00:00")
    next_day = fcs_file(bench.folder, "next.fcs", acquired="2026-01-13T09:30:00")

    assert bench.refused(later) == ()
    assert told(bench.judge(next_day)[0]) == (
        "OTHER_DAY: acquired 2026-01-13, the sample 2026-01-12",
    )


def test_an_unknown_day_is_no_fault(bench: Bench) -> None:
    assert bench.refused(fcs_file(bench.folder, "undated.fcs", acquired=None)) == ()


@pytest.mark.parametrize("role", ["fmo", "isotype"])
def test_five_hundred_blasts_are_enough_in_a_control(bench: Bench, role: Role) -> None:
    assert bench.refused(role=role, blasts=spread(500)) == ()


def test_an_isotype_control_needs_as_many_blasts(bench: Bench) -> None:
    assert bench.refused(role="isotype", blasts=spread(499)) == ("FEW_BLASTS",)


def test_a_right_fmo_of_few_blasts_is_kept_and_says_so(bench: Bench) -> None:
    for events in (50, 499):
        section, signal = bench.judge(role="fmo", blasts=spread(events))
        assert section.accepted
        assert signal is not None
        assert [reason.code for reason in section.reasons] == ["FEW_BLASTS"]


def test_an_fmo_of_hardly_any_blast_counts_as_not_given(bench: Bench) -> None:
    assert bench.refused(role="fmo", blasts=spread(49)) == ("FEW_BLASTS",)
    section, _ = bench.judge(role="fmo", blasts=spread(49))
    assert not fmo_refused([section])


def test_a_wrong_fmo_is_refused_however_few_its_blasts(bench: Bench) -> None:
    section, signal = bench.judge(role="fmo", blasts=spread(99), t_cells=at((200, BRIGHT)))
    assert signal is None
    assert fmo_refused([section])


def test_a_full_stain_given_as_fmo_is_refused(bench: Bench) -> None:
    section, signal = bench.judge(t_cells=at((200, BRIGHT)))

    assert told(section) == ("NOT_AN_FMO: 100 % of its T cells carry CD5: it is stained with it",)
    assert signal is None


@pytest.mark.parametrize(("positive", "codes"), [(20, ()), (21, ("NOT_AN_FMO",))])
def test_an_fmo_may_have_a_few_cd5_positive_t_cells(
    bench: Bench, positive: int, codes: tuple[str, ...]
) -> None:
    t_cells = at((positive, BRIGHT), (100 - positive, 0.0))

    assert bench.refused(t_cells=t_cells) == codes


@pytest.mark.parametrize(("beyond", "codes"), [(49, ()), (51, ("NOT_AN_FMO",))])
def test_spread_past_the_negatives_tail_is_no_stain_while_most_t_cells_lie_below(
    bench: Bench, beyond: int, codes: tuple[str, ...]
) -> None:
    assert bench.side.negative_cut is not None
    past = 1.5 * bench.side.negative_cut.linear
    assert past < LIMITS.fmo_t_median_share * float(np.median(bench.side.t_cells))

    assert bench.refused(t_cells=at((beyond, past), (100 - beyond, 0.0))) == codes


def test_without_negatives_the_samples_own_t_cells_are_the_yardstick(bench: Bench) -> None:
    bench.side = replace(bench.side, negative_cut=None)

    assert bench.refused(t_cells=at((200, BRIGHT))) == ("NOT_AN_FMO",)
    assert bench.refused(t_cells=at((200, 0.2 * BRIGHT))) == ()


def test_where_t_cells_are_too_few_dark_blasts_will_do(bench: Bench) -> None:
    assert bench.refused(t_cells=at((49, BRIGHT))) == ()
    assert bench.refused(t_cells=at((50, BRIGHT))) == ("NOT_AN_FMO",)


def test_a_full_stain_without_t_cells_is_told_by_its_blasts(bench: Bench) -> None:
    stained = spread(600, 8000.0, 0.1, decades=True)
    bench.side = replace(bench.side, blasts=stained)

    assert bench.refused(t_cells=at(), blasts=stained) == ("FMO_UNPROVEN",)


def test_blasts_that_the_samples_leave_behind_were_not_stained(bench: Bench) -> None:
    glowing = spread(600, 400.0, 60.0)
    bench.side = replace(bench.side, blasts=spread(600, 8000.0, 0.1, decades=True))

    assert bench.refused(t_cells=at(), blasts=glowing) == ()


def test_without_anything_to_tell_by_an_fmo_is_unproven(bench: Bench) -> None:
    bench.side = replace(bench.side, t_cells=at(), negative_cut=None)

    assert bench.refused() == ("FMO_UNPROVEN",)


def test_an_isotype_control_is_not_asked_to_be_unstained(bench: Bench) -> None:
    assert bench.refused(role="isotype", t_cells=at((200, BRIGHT))) == ()


@pytest.mark.parametrize(("bright", "codes"), [(99, ("NOT_BRIGHT",)), (100, ())])
def test_a_positive_control_needs_bright_t_cells(
    bench: Bench, bright: int, codes: tuple[str, ...]
) -> None:
    t_cells = at((bright, BRIGHT), (500, 0.0))

    assert bench.refused(role="positive", t_cells=t_cells, blasts=at()) == codes


@pytest.mark.parametrize(("bright", "codes"), [(99, ("NOT_BRIGHT",)), (100, ())])
def test_without_a_gate_for_t_cells_a_positive_control_is_told_by_its_lymphocytes(
    bench: Bench, bright: int, codes: tuple[str, ...]
) -> None:
    cells = at((bright, BRIGHT), (500, 0.0))

    assert bench.refused(role="positive", t_cells=at(), lymphocytes=cells, blasts=at()) == codes


def test_the_tail_of_unstained_lymphocytes_is_no_positive_control(bench: Bench) -> None:
    cells = at((100, BRIGHT), (1901, 0.0))

    assert bench.refused(role="positive", t_cells=at(), lymphocytes=cells) == ("NOT_BRIGHT",)


def test_an_fmo_of_fewer_blasts_than_make_a_cut_is_never_called_wrong_by_them(bench: Bench) -> None:
    stained = spread(600, 8000.0, 0.1, decades=True)
    bench.side = replace(bench.side, blasts=stained)

    assert bench.refused(t_cells=at(), blasts=stained[-49:]) == ("FEW_BLASTS",)
    assert bench.refused(t_cells=at(), blasts=stained[-50:]) == ("FEW_BLASTS", "FMO_UNPROVEN")


def test_an_accepted_positive_control_hands_on_how_many_are_bright(bench: Bench) -> None:
    _, signal = bench.judge(role="positive", t_cells=at((150, BRIGHT), (500, 0.0)))

    assert signal is not None
    assert signal.bright_events == 150


def test_bright_is_five_stain_index_units_above_the_samples_negatives(bench: Bench) -> None:
    just_below = at((500, CENTRE + 9.9 * SPREAD))
    just_above = at((500, CENTRE + 10.1 * SPREAD))

    assert bench.refused(role="positive", t_cells=just_below) == ("NOT_BRIGHT",)
    assert bench.refused(role="positive", t_cells=just_above) == ()


def test_every_reason_is_given(bench: Bench) -> None:
    wrong = fcs_file(
        bench.folder,
        "wrong.fcs",
        acquired="2025-12-24T09:00:00",
        spillover=spillover_of(0.3),
        of=channels(APC_A={"label": "CD4", "voltage": 400.0}),
    )

    codes = bench.refused(wrong, blasts=spread(10), t_cells=at((200, BRIGHT)))

    assert codes == (
        "OTHER_PANEL",
        "OTHER_VOLTAGE",
        "OTHER_SPILLOVER",
        "OTHER_DAY",
        "FEW_BLASTS",
        "NOT_AN_FMO",
    )


@pytest.mark.parametrize("label", ["CD45 V500-C", "cd45", "anti-human CD45", "CD45-KrO"])
def test_one_marker_written_in_two_ways_is_one_panel(bench: Bench, label: str) -> None:
    bench.side = replace(bench.side, aliases=load_aliases(markers_file()))
    control = fcs_file(bench.folder, "control.fcs", of=channels(APC_A={"label": label}))

    assert bench.refused(control) == ()


@pytest.mark.parametrize("label", ["CD4", "CD45RA", "cyCD45", None, "CD5"])
def test_another_marker_is_another_panel_however_it_is_written(
    bench: Bench, label: str | None
) -> None:
    bench.side = replace(bench.side, aliases=load_aliases(markers_file()))
    control = fcs_file(bench.folder, "control.fcs", of=channels(APC_A={"label": label}))

    assert bench.refused(control) == ("OTHER_PANEL",)


def test_a_scatter_channel_may_have_a_label_in_one_tube(bench: Bench) -> None:
    bench.side = replace(bench.side, aliases=load_aliases(markers_file()))
    control = fcs_file(bench.folder, "control.fcs", of=channels(FSC_A={"label": "FSC"}))

    assert bench.refused(control) == ()


# Same specimen, where it is known


def with_source(fcs: FcsFile, source: str) -> FcsFile:
    return replace(fcs, keywords={"$SRC": source})


@pytest.mark.parametrize(
    ("ours", "theirs", "codes"),
    [
        ("marrow 7", "marrow 7", ()),
        ("marrow 7", " Marrow 7", ()),
        ("marrow 7", "marrow 8", ("OTHER_SPECIMEN",)),
        ("marrow 7", "", ()),
        ("", "marrow 8", ()),
    ],
)
def test_the_files_source_must_agree(
    bench: Bench, ours: str, theirs: str, codes: tuple[str, ...]
) -> None:
    bench.side = replace(bench.side, fcs=with_source(bench.sample, ours))
    control = with_source(fcs_file(bench.folder, "control.fcs"), theirs)

    assert bench.refused(control) == codes


def test_a_source_may_be_a_name_and_is_not_repeated(bench: Bench) -> None:
    bench.side = replace(bench.side, fcs=with_source(bench.sample, "DOE^JANE"))
    section, _ = bench.judge(with_source(fcs_file(bench.folder, "control.fcs"), "ROE^RICHARD"))

    assert "DOE" not in str(section.reasons[0])
    assert "ROE" not in str(section.reasons[0])


@pytest.mark.parametrize(
    ("name", "code"), [("specimen_id", "OTHER_SPECIMEN"), ("panel_lot", "OTHER_LOT")]
)
def test_what_a_sheet_says_must_agree(bench: Bench, name: str, code: str) -> None:
    bench.side = replace(bench.side, identifiers={name: "A"})

    assert bench.refused(identifiers={name: "A"}) == ()
    assert bench.refused(identifiers={}) == ()
    assert bench.refused(identifiers={name: "B"}) == (code,)


def test_a_sheet_goes_before_the_files_source(bench: Bench) -> None:
    bench.side = replace(
        bench.side, fcs=with_source(bench.sample, "tube 1"), identifiers={"specimen_id": "S1"}
    )
    control = with_source(fcs_file(bench.folder, "control.fcs"), "tube 2")

    assert bench.refused(control, identifiers={"specimen_id": "S1"}) == ()
    assert bench.refused(control, identifiers={}) == ("OTHER_SPECIMEN",)


def test_a_positive_control_may_be_another_persons(bench: Bench) -> None:
    bench.side = replace(
        bench.side, fcs=with_source(bench.sample, "marrow 7"), identifiers={"specimen_id": "S1"}
    )
    control = with_source(fcs_file(bench.folder, "control.fcs"), "healthy blood")
    how = {"role": "positive", "t_cells": at((200, BRIGHT)), "identifiers": {"specimen_id": "H"}}

    assert bench.refused(control, **how) == ()
