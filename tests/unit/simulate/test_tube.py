"""A simulated tube looks like what its specification says, whatever the instrument."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cd5flow.simulate import (
    B_LINEAGE_8,
    CALIBUR,
    CANTO,
    DEAD,
    DOUBLETS,
    DXFLEX,
    FOUR_COLOUR,
    LSR,
    MRD_10,
    NAVIOS,
    RELAPSE_8,
    SURFACE_10,
    T_CELLS,
    BlastSpec,
    Cd5Reagent,
    Clog,
    Instrument,
    PanelSpec,
    SimulatedTube,
    SpilloverFault,
    SpilloverFaultKind,
    TubeSpec,
    fmo,
    isotype,
    simulate_tube,
    write_tube,
)

RELAPSE = TubeSpec(name="relapse", events=8_000, seed=11)


def column(tube: SimulatedTube, detector: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return tube.raw.values[:, tube.raw.channel(detector).index]


def median(tube: SimulatedTube, marker: str, *populations: str) -> float:
    return float(np.median(tube.linear(marker)[tube.truth.population(*populations)]))


def decades(after: float, before: float) -> float:
    return float(np.log10(after / before))


def test_equal_specifications_give_equal_files(tmp_path: Path) -> None:
    for name in ("one.fcs", "two.fcs"):
        write_tube(simulate_tube(RELAPSE), tmp_path / name)

    assert (tmp_path / "one.fcs").read_bytes() == (tmp_path / "two.fcs").read_bytes()


def test_another_seed_gives_other_events() -> None:
    one, other = simulate_tube(RELAPSE), simulate_tube(replace(RELAPSE, seed=12))

    assert not np.array_equal(one.raw.values, other.raw.values)


def test_composition_is_exact() -> None:
    tube = simulate_tube(
        TubeSpec(
            name="counted",
            events=10_000,
            blast_percent=25.0,
            debris_percent=12.0,
            erythroid_percent=8.0,
            dead_percent=3.0,
            doublet_percent=5.0,
        )
    )
    truth = tube.truth

    assert truth.population("debris", "fragments").sum() == 1_200
    assert truth.population("erythroid").sum() == 800
    assert truth.population(DEAD).sum() == 300
    assert truth.population(DOUBLETS).sum() == 500
    assert truth.nucleated.sum() == 7_200
    assert truth.blasts.sum() == 1_800
    assert not (truth.blasts & ~truth.nucleated).any()


def test_labels_name_the_population_of_each_event() -> None:
    truth = simulate_tube(RELAPSE).truth

    assert truth.labels.shape == (8_000,)
    assert (truth.labels[truth.blasts] == "blasts").all()
    with pytest.raises(KeyError, match="no_such_cells"):
        truth.population("no_such_cells")


@pytest.mark.parametrize(
    ("instrument", "panel"),
    [
        (LSR, RELAPSE_8),
        (LSR, MRD_10),
        (CANTO, B_LINEAGE_8),
        (DXFLEX, SURFACE_10),
        (NAVIOS, SURFACE_10),
        (CALIBUR, FOUR_COLOUR),
    ],
    ids=lambda value: value.name,
)
def test_values_are_finite_and_within_the_range_of_their_channel(
    instrument: Instrument, panel: PanelSpec
) -> None:
    raw = simulate_tube(replace(RELAPSE, instrument=instrument, panel=panel)).raw

    assert raw.values.dtype == np.float32
    assert raw.values.flags.f_contiguous
    assert not raw.values.flags.writeable
    assert np.isfinite(raw.values).all()
    for channel in raw.channels:
        assert raw.values[:, channel.index].max() < channel.maximum, channel.detector
    assert (np.diff(raw.values[:, -1]) >= 0).all()


@pytest.mark.parametrize(
    ("instrument", "panel"),
    [(LSR, RELAPSE_8), (DXFLEX, SURFACE_10), (NAVIOS, SURFACE_10), (CALIBUR, FOUR_COLOUR)],
    ids=lambda value: value.name,
)
def test_populations_lie_where_they_belong(instrument: Instrument, panel: PanelSpec) -> None:
    tube = simulate_tube(replace(RELAPSE, instrument=instrument, panel=panel))

    assert median(tube, "CD45", *T_CELLS) > 3 * median(tube, "CD45", "blasts")
    assert median(tube, "CD45", "blasts") > 5 * median(tube, "CD45", "erythroid")
    assert median(tube, "CD5", *T_CELLS) > 15 * median(tube, "CD5", "granulocytes")
    assert median(tube, "CD3", *T_CELLS) > 10 * median(tube, "CD3", "blasts")
    assert median(tube, "CD7", "blasts") > 10 * median(tube, "CD7", "granulocytes")
    ssc = column(tube, "SSC-A" if "SSC-A" in instrument.scatter else "SSC-H")
    granulocytes, blasts = tube.truth.population("granulocytes"), tube.truth.blasts
    assert np.median(ssc[granulocytes]) > 3 * np.median(ssc[blasts])


def test_doublets_are_lower_than_their_area_says() -> None:
    tube = simulate_tube(RELAPSE)
    ratio = column(tube, "FSC-H") / column(tube, "FSC-A")
    doublets, blasts = tube.truth.population(DOUBLETS), tube.truth.blasts

    assert np.percentile(ratio[doublets], 90) < np.percentile(ratio[blasts], 0.5)
    assert np.median(column(tube, "FSC-A")[doublets]) > 1.4 * np.median(
        column(tube, "FSC-A")[blasts]
    )
    assert np.median(column(tube, "FSC-W")[doublets]) > 1.2 * np.median(
        column(tube, "FSC-W")[blasts]
    )


def test_a_viability_dye_tells_dead_cells() -> None:
    tube = simulate_tube(replace(RELAPSE, panel=RELAPSE_8.plus("FVS700", "viability")))
    dye, dead = tube.linear("viability"), tube.truth.population(DEAD)

    assert np.percentile(dye[dead], 2) > np.percentile(dye[tube.truth.nucleated], 99)
    assert tube.raw.channel("FVS700-A").label == "Live Dead FVS700"


def test_a_nuclear_dye_tells_debris() -> None:
    tube = simulate_tube(replace(RELAPSE, panel=B_LINEAGE_8.plus("BV605", "nuclear")))
    dye, debris = tube.linear("nuclear"), tube.truth.population("debris")

    assert np.percentile(dye[tube.truth.nucleated], 1) > np.percentile(dye[debris], 99)


def test_compensation_leaves_no_slope() -> None:
    tube = simulate_tube(replace(RELAPSE, events=20_000))
    bright, spilled = tube.linear("CD7"), tube.linear("CD3")
    blasts = tube.truth.blasts
    order = np.argsort(bright[blasts])
    low, high = np.array_split(spilled[blasts][order], 2)

    assert abs(np.median(high) - np.median(low)) < 0.01 * np.median(bright[blasts])


def test_spillover_spreads_the_negatives_of_a_bright_cell() -> None:
    tube = simulate_tube(RELAPSE)
    spread = {
        name: np.diff(np.percentile(tube.linear("CD10")[tube.truth.population(name)], [16, 50]))
        for name in ("erythroid", "t_cells_cd4")
    }

    assert spread["t_cells_cd4"] > 1.5 * spread["erythroid"]


def test_blasts_follow_their_specification() -> None:
    tube = simulate_tube(
        replace(
            RELAPSE,
            panel=MRD_10,
            blasts=BlastSpec(cd7_level=None, cd56_level=3.5, cd45_level=2.5, scd3_level=3.2),
        )
    )

    assert median(tube, "CD7", "blasts") < 0.1 * median(tube, "CD7", *T_CELLS)
    assert median(tube, "CD16+CD56", "blasts") > 5 * median(tube, "CD16+CD56", "b_cells")
    assert decades(median(tube, "CD45", "blasts"), median(tube, "CD45", "erythroid")) < 0.4
    assert 500 < median(tube, "CD3", "blasts") < 0.5 * median(tube, "CD3", *T_CELLS)


def test_fmo_partner_is_the_same_tube_without_cd5() -> None:
    full, partner = simulate_tube(RELAPSE), simulate_tube(fmo(RELAPSE))

    assert median(partner, "CD5", *T_CELLS) < 0.05 * median(full, "CD5", *T_CELLS)
    assert decades(median(partner, "CD45", *T_CELLS), median(full, "CD45", *T_CELLS)) < 0.03
    assert partner.keywords["$SPILLOVER"] == full.keywords["$SPILLOVER"]
    assert partner.raw.channel("PerCP-Cy5-5-A").label is None
    for mine, other in zip(partner.raw.channels, full.raw.channels, strict=True):
        assert (mine.detector, mine.voltage) == (other.detector, other.voltage)
    assert not np.array_equal(partner.raw.values, full.raw.values)


def test_fmo_partner_of_a_clogged_run_is_not_clogged() -> None:
    partner = simulate_tube(fmo(replace(RELAPSE, clog=Clog()), events=3_000))

    assert len(partner.raw) == 3_000
    assert not partner.truth.disturbed.any()


def test_isotype_lies_a_little_above_fmo() -> None:
    background = [
        median(simulate_tube(control(RELAPSE)), "CD5", "granulocytes") for control in (fmo, isotype)
    ]

    assert background[0] < background[1] < 2.0 * background[0]


def test_forgotten_cd5_keeps_its_label_and_its_biology() -> None:
    tube = simulate_tube(replace(RELAPSE, cd5_reagent=Cd5Reagent.FORGOTTEN))

    assert tube.raw.channel("PerCP-Cy5-5-A").label == "CD5 PerCP-Cy5-5"
    assert median(tube, "CD5", *T_CELLS) < 1_000
    assert tube.truth.cd5_carriers[tube.truth.blasts].mean() == pytest.approx(0.8, abs=0.001)


def test_understaining_dims_one_marker() -> None:
    tube = simulate_tube(replace(RELAPSE, stain_factors={"CD5": 0.1}))
    full = simulate_tube(RELAPSE)

    assert decades(median(tube, "CD5", *T_CELLS), median(full, "CD5", *T_CELLS)) == pytest.approx(
        -1.0, abs=0.1
    )
    assert median(tube, "CD45", *T_CELLS) == pytest.approx(median(full, "CD45", *T_CELLS), rel=0.02)


def test_gain_shift_moves_every_colour_and_its_voltage() -> None:
    usual, shifted = (simulate_tube(replace(RELAPSE, gain_shift_decades=g)) for g in (0.0, 0.3))

    for marker in ("CD45", "CD5", "CD3"):
        moved = decades(median(shifted, marker, *T_CELLS), median(usual, marker, *T_CELLS))
        assert moved == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(column(usual, "FSC-A"), column(shifted, "FSC-A"))
    before, after = (t.raw.channel("V500-A").voltage for t in (usual, shifted))
    assert before is not None
    assert after is not None
    assert after > before


def test_shift_of_one_channel_is_compensated_for() -> None:
    usual = simulate_tube(RELAPSE)
    shifted = simulate_tube(replace(RELAPSE, channel_shifts_decades={"CD7": 0.2}))

    assert decades(median(shifted, "CD7", "blasts"), median(usual, "CD7", "blasts")) == (
        pytest.approx(0.2, abs=0.02)
    )
    assert median(shifted, "CD5", "blasts") == pytest.approx(
        median(usual, "CD5", "blasts"), rel=0.02
    )


def test_scatter_shift_moves_scatter_only() -> None:
    usual, shifted = (simulate_tube(replace(RELAPSE, scatter_shift_decades=g)) for g in (0.0, 0.1))
    t_cells = usual.truth.population(*T_CELLS)

    ratio = np.median(column(shifted, "SSC-A")[t_cells] / column(usual, "SSC-A")[t_cells])
    assert ratio == pytest.approx(10**0.1, rel=0.001)
    assert np.array_equal(column(usual, "V500-A"), column(shifted, "V500-A"))


def test_clog_lowers_rate_and_signals_for_a_stretch() -> None:
    clog = Clog(start=0.5, stop=0.7, rate=0.25, signal=0.4)
    tube = simulate_tube(replace(RELAPSE, events=20_000, clog=clog))
    time = column(tube, "Time") / column(tube, "Time").max()
    inside = (time >= 0.5) & (time < 0.7)

    assert (tube.truth.disturbed == inside).mean() > 0.999
    assert inside.mean() == pytest.approx(0.05 / 0.85, abs=0.01)
    cd45, blasts = tube.linear("CD45"), tube.truth.blasts
    assert np.median(cd45[blasts & inside]) < 0.7 * np.median(cd45[blasts & ~inside])


def test_analogue_instrument_stores_log_steps_compensated_without_a_matrix() -> None:
    tube = simulate_tube(replace(RELAPSE, instrument=CALIBUR, panel=FOUR_COLOUR))
    step = np.log10(tube.linear("CD3").astype(np.float64)) * 1024 / 4

    assert np.abs(step - np.rint(step)).max() < 1e-3
    assert step.min() == 0
    assert tube.spillover is None
    assert tube.file_spillover is None
    assert not {"$SPILLOVER", "SPILL", "$COMP"} & set(tube.keywords)
    assert [c.detector for c in tube.raw.channels] == [
        "FSC-H", "SSC-H", "FL1-H", "FL2-H", "FL3-H", "FL4-H", "Time",
    ]  # fmt: skip


def test_diode_instrument_gives_areas_and_heights_of_every_detector() -> None:
    tube = simulate_tube(replace(RELAPSE, instrument=DXFLEX, panel=SURFACE_10))
    names = [channel.detector for channel in tube.raw.channels]

    assert {f"FL{n}-{reading}" for n in range(1, 11) for reading in "AH"} <= set(names)
    assert tube.raw.channel("FL5-A").label == "CD5 PC7-A"
    assert tube.file_spillover is not None
    assert len(tube.file_spillover.detectors) == 20
    assert (column(tube, "FL5-H") >= 0).all()


@pytest.mark.parametrize("kind", SpilloverFaultKind)
def test_a_faulty_matrix_is_in_the_file_and_not_in_the_truth(kind: SpilloverFaultKind) -> None:
    sound = simulate_tube(RELAPSE)
    faulty = simulate_tube(replace(RELAPSE, spillover_fault=SpilloverFault(kind)))

    assert sound.spillover is not None
    assert faulty.spillover is not None
    assert np.array_equal(sound.spillover.matrix, faulty.spillover.matrix)
    assert np.array_equal(sound.raw.values, faulty.raw.values)
    if kind is SpilloverFaultKind.MISSING:
        assert faulty.file_spillover is None
        assert "$SPILLOVER" not in faulty.keywords
    else:
        assert faulty.file_spillover is not None
        assert not np.allclose(faulty.file_spillover.matrix, faulty.spillover.matrix)
        assert np.array_equal(np.diag(faulty.file_spillover.matrix), np.ones(8))


def test_matrix_reads_back_from_its_keyword() -> None:
    tube = simulate_tube(RELAPSE)
    words = tube.keywords["$SPILLOVER"].split(",")

    assert tube.file_spillover is not None
    assert tube.spillover is not None
    assert words[0] == "8"
    assert tuple(words[1:9]) == tube.file_spillover.detectors
    read = np.array(words[9:], dtype=np.float64).reshape(8, 8)
    assert np.array_equal(read, tube.spillover.matrix)


def test_keywords_name_no_one_and_say_that_the_cells_are_synthetic() -> None:
    keywords = simulate_tube(RELAPSE).keywords

    assert "Synthetic" in keywords["$COM"]
    assert keywords["$DATE"] == "12-JAN-2026"
    assert "$OP" not in keywords


@pytest.mark.parametrize(
    "impossible",
    [
        {"events": 0},
        {"blast_percent": 101.0},
        {"debris_percent": 70.0, "doublet_percent": 40.0},
        {"dead_percent": -1.0},
        {"stain_factors": {"CD19": 0.5}},
        {"channel_shifts_decades": {"CD20": 0.2}},
    ],
    ids=str,
)
def test_an_impossible_tube_is_refused(impossible: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="relapse"):
        replace(RELAPSE, **impossible)  # type: ignore[arg-type]


def test_a_panel_without_cd5_has_no_fmo() -> None:
    with pytest.raises(ValueError, match="no CD5"):
        fmo(replace(RELAPSE, panel=B_LINEAGE_8))


@pytest.mark.parametrize("clog", [(0.8, 0.2, 0.5, 0.5), (0.1, 0.2, 0.0, 0.5)])
def test_an_impossible_clog_is_refused(clog: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="clog"):
        Clog(*clog)


def test_extremes_are_simulated_too() -> None:
    crowded = replace(
        RELAPSE, events=5_000, debris_percent=40.0, doublet_percent=15.0, erythroid_percent=20.0
    )

    assert simulate_tube(crowded).truth.nucleated.sum() == 5_000 * 0.225
    empty = simulate_tube(
        replace(crowded, debris_percent=80.0, dead_percent=0.0, doublet_percent=0.0)
    )
    assert empty.truth.nucleated.sum() == 0
