"""Which channel is taken for which marker."""

from __future__ import annotations

import warnings
from pathlib import Path

import flowio
import pytest

from cd5flow.config.shipped import markers_file
from cd5flow.errors import PanelError
from cd5flow.model.events import Channel
from cd5flow.model.panel import Panel
from cd5flow.preprocess.labels import load_aliases
from cd5flow.preprocess.panel import find_panel, scatter_detectors
from support.paths import SHARED

ALIASES = load_aliases(markers_file())


def tube(*named: str | tuple[str, str | None]) -> tuple[Channel, ...]:
    """Channels from names, or from (name, label)."""
    pairs = [pair if isinstance(pair, tuple) else (pair, None) for pair in named]
    return tuple(
        Channel(index=i, detector=detector, label=label, bits=32, range=1024.0, maximum=1024.0)
        for i, (detector, label) in enumerate(pairs)
    )


def panel_of(*named: str | tuple[str, str | None], **overrides: str) -> Panel:
    return find_panel(tube(*named), aliases=ALIASES, overrides=overrides)


def codes(panel: Panel) -> list[str]:
    return [finding.code for finding in panel.findings]


def test_the_label_goes_before_the_detector() -> None:
    panel = panel_of(("CD4-A", "CD5 PE"), ("FL2-A", None), "CD7-A")
    assert panel.markers == {"CD5": "CD4-A", "CD7": "CD7-A"}
    assert panel.labels == {"CD5": "CD5 PE", "CD7": "CD7-A"}


def test_the_detector_is_read_where_the_label_names_no_marker() -> None:
    assert panel_of(("CD5 PE-A", "unstained")).markers == {"CD5": "CD5 PE-A"}
    assert panel_of(("CD5 PE-A", "CD5 PE-A")).markers == {"CD5": "CD5 PE-A"}


def test_area_is_taken_before_height_and_width() -> None:
    panel = panel_of(("FL5-H", "CD5 PC7-H"), ("FL5-A", "CD5 PC7-A"), ("FL5-W", "CD5 PC7-W"))
    assert panel.markers == {"CD5": "FL5-A"}
    assert codes(panel) == []


def test_the_measure_is_read_from_the_detector_where_labels_are_the_same() -> None:
    panel = panel_of(("PE-H", "CD5"), ("PE-A", "CD5"), ("PE-W", "CD5"))
    assert panel.markers == {"CD5": "PE-A"}


def test_a_height_is_taken_where_there_is_no_area_and_it_is_said() -> None:
    panel = panel_of("FSC-H", "SSC-H", ("FL1-H", "CD5 FITC"))
    assert panel.markers == {"FSC": "FSC-H", "SSC": "SSC-H", "CD5": "FL1-H"}
    assert codes(panel) == ["HEIGHT_USED"]
    assert "CD5 (FL1-H)" in panel.findings[0].message


def test_a_height_that_stands_for_the_area_is_no_second_scatter_parameter() -> None:
    assert not panel_of("FSC-H", "FSC-W").has("FSC-H")
    assert panel_of("FSC-H", "FSC-W").has("FSC", "FSC-W")


def test_a_marker_that_only_has_a_width_is_not_taken() -> None:
    assert panel_of(("FL2-W", "CD5 PE-W")).markers == {}


def test_scatter_gets_area_height_and_width() -> None:
    panel = panel_of("FSC-HEIGHT", "FSC-A", "FSC-Width", "SSC-A", "SSC-H", "SSC-W", "Time")
    assert panel.markers == {
        "FSC-H": "FSC-HEIGHT",
        "FSC": "FSC-A",
        "FSC-W": "FSC-Width",
        "SSC": "SSC-A",
        "SSC-H": "SSC-H",
        "SSC-W": "SSC-W",
        "Time": "Time",
    }


def test_coulter_names_are_scatter() -> None:
    assert panel_of("FS Lin", "SS Lin", "FL3 Log").markers == {"FSC": "FS Lin", "SSC": "SS Lin"}


def test_linear_scatter_and_logarithmic_fluorescence_are_preferred() -> None:
    panel = panel_of("FSC LogA", "FSC LinA", ("FL1 Lin", "CD5 Lin"), ("FL1 Log", "CD5 Log"))
    assert panel.markers == {"FSC": "FSC LinA", "CD5": "FL1 Log"}


def test_a_second_side_scatter_detector_does_not_make_the_first_ambiguous() -> None:
    assert panel_of("SSC-A", "SSC-B-A").markers == {"SSC": "SSC-A"}
    assert panel_of("SSC-B-A").markers == {"SSC": "SSC-B-A"}


def test_two_side_scatters_of_other_lasers_are_ambiguous() -> None:
    with pytest.raises(PanelError, match="SSC fits 2 channels: SSC-B-A, SSC-V-A"):
        panel_of("SSC-B-A", "SSC-V-A")


def test_surface_and_cytoplasmic_cd3_stay_apart() -> None:
    panel = panel_of(("APC-H7-A", "CD3 APC-H7"), ("Pacific Blue-A", "cyCD3 Pacific Blue"))
    assert panel.markers == {"CD3": "APC-H7-A", "cyCD3": "Pacific Blue-A"}


def test_an_ambiguous_marker_stops_with_the_names_and_the_remedy() -> None:
    with pytest.raises(PanelError) as refused:
        panel_of(("PE-A", "CD5 PE"), ("APC-A", "CD5 APC"))
    message = str(refused.value)
    assert 'PE-A ("CD5 PE")' in message
    assert 'APC-A ("CD5 APC")' in message
    assert 'markers: {CD5: "PE-A"}' in message


def test_all_ambiguous_markers_are_named_at_once() -> None:
    with pytest.raises(PanelError, match=r"CD5 fits 2 .*; CD7 fits 2 "):
        panel_of(("A-A", "CD5"), ("B-A", "CD5"), ("C-A", "CD7"), ("D-A", "CD7"))


def test_an_ambiguous_marker_that_no_gate_uses_is_left_out_with_a_warning() -> None:
    panel = panel_of(("PE-A", "TCRgd PE"), ("FITC-A", "TCRgd FITC"), ("APC-A", "CD5"))
    assert panel.markers == {"CD5": "APC-A"}
    assert codes(panel) == ["AMBIGUOUS_MARKER"]


def test_a_label_of_two_markers_in_use_stops() -> None:
    with pytest.raises(PanelError, match=r'PE-A \("CD8 CD4"\) names CD8 and CD4'):
        panel_of(("PE-A", "CD8 CD4"))


def test_a_label_of_two_other_markers_is_taken_for_none() -> None:
    panel = panel_of(("PE-A", "CD57 CD44"))
    assert panel.markers == {}
    assert codes(panel) == ["COMBINED_LABEL"]


def test_a_known_combination_is_a_marker_of_its_own() -> None:
    panel = panel_of(("FITC-A", "CD16/56 FITC"), ("V450-A", "CD20+CD4"))
    assert panel.markers == {"CD16+CD56": "FITC-A", "CD4+CD20": "V450-A"}
    assert not panel.has("CD4")


def test_an_override_settles_an_ambiguous_marker() -> None:
    panel = panel_of(("PE-A", "CD5 PE"), ("APC-A", "CD5 APC"), CD5="APC-A")
    assert panel.markers == {"CD5": "APC-A"}
    assert codes(panel) == ["MARKER_SET"]


def test_an_override_takes_the_channel_from_what_its_label_says() -> None:
    panel = panel_of(("PE-A", "CD7 PE"), ("APC-A", None), CD5="PE-A")
    assert panel.markers == {"CD5": "PE-A"}
    assert panel.labels == {"CD5": "CD7 PE"}


def test_an_override_settles_a_dump_channel() -> None:
    panel = panel_of(("V450-A", "CD14 CD19"), ("PE-A", "CD5"), dump="V450-A")
    assert panel.markers == {"dump": "V450-A", "CD5": "PE-A"}


def test_an_override_may_use_another_spelling() -> None:
    panel = find_panel(tube(("PE-A", None)), aliases=ALIASES, overrides={"cytCD3": "PE-A"})
    assert panel.markers == {"cyCD3": "PE-A"}


def test_an_override_to_a_channel_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(PanelError, match=r'CD5 is set to "PE", .* it has PE-A, APC-A'):
        panel_of("PE-A", "APC-A", CD5="PE")


def test_one_channel_cannot_be_set_for_two_markers() -> None:
    with pytest.raises(PanelError, match='"PE-A" is set for CD7 and for another marker'):
        panel_of("PE-A", CD5="PE-A", CD7="PE-A")


def test_one_marker_cannot_be_set_twice() -> None:
    overrides = {"CD3": "PE-A", "sCD3": "APC-A"}
    with pytest.raises(PanelError, match="both name CD3"):
        find_panel(tube("PE-A", "APC-A"), aliases=ALIASES, overrides=overrides)


def test_two_channels_of_one_name_cannot_carry_a_marker() -> None:
    with pytest.raises(PanelError, match='2 channels are called "PE-A"'):
        panel_of(("PE-A", "CD5"), ("PE-A", "CD7"))


def test_compensated_names_are_recognised() -> None:
    assert panel_of(("Comp-CD5 PE-A", None), "<CD7 APC-A>").markers == {
        "CD5": "Comp-CD5 PE-A",
        "CD7": "<CD7 APC-A>",
    }


def test_a_detector_called_after_a_dye_is_not_taken_for_it_and_it_is_said() -> None:
    panel = panel_of("DAPI-A", ("PE-A", "CD5"))
    assert panel.markers == {"CD5": "PE-A"}
    assert codes(panel) == ["UNLABELLED_DYE"]
    assert panel_of(("DAPI-A", "DAPI")).markers == {"viability": "DAPI-A"}


def test_the_order_is_that_of_the_file() -> None:
    panel = panel_of("Time", ("PE-A", "CD5"), "FSC-A", ("APC-A", "CD45"))
    assert list(panel.markers) == ["Time", "CD5", "FSC", "CD45"]


def test_every_scatter_channel_is_known_as_such() -> None:
    channels = tube("FSC-A", "FSC-H", "SSC-B-A", "Width", "Time", ("PE-A", "CD5"), "FITC-A")
    found = scatter_detectors(channels, aliases=ALIASES)
    assert found == {"FSC-A", "FSC-H", "SSC-B-A", "Width"}


def channels_of(path: Path) -> tuple[Channel, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = flowio.FlowData(str(path), only_text=True)
    return tube(
        *((c["pnn"], c.get("pns", "").strip() or None) for _, c in sorted(file.channels.items()))
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared files are not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "fcs/real/clearllab10c_t_tube.fcs",
            {
                "TCRgd": "FL1-A",
                "CD4": "FL2-A",
                "CD2": "FL3-A",
                "CD56": "FL4-A",
                "CD5": "FL5-A",
                "CD34": "FL6-A",
                "CD7": "FL7-A",
                "CD8": "FL8-A",
                "CD3": "FL9-A",
                "CD45": "FL10-A",
                "FSC": "FSC-A",
                "FSC-H": "FSC-H",
                "FSC-W": "FSC-Width",
                "SSC": "SSC-A",
                "SSC-H": "SSC-H",
                "Time": "Time",
            },
        ),
        (
            "fcs/real/diva_b_all_tube.fcs",
            {
                "Time": "Time",
                "FSC": "FSC-A",
                "FSC-W": "FSC-W",
                "SSC": "SSC-A",
                "CD20": "FITC-A",
                "CD10": "PE-A",
                "CD45": "PerCP-A",
                "CD34": "PE-Cy7-A",
                "nuclear": "PacificBlue-A",
                "CD19": "APC-A",
                "CD38": "Alexa700-A",
            },
        ),
        (
            "fcs/flowio/data1.fcs",
            {
                "FSC": "FSC-H",
                "SSC": "SSC-H",
                "CD4": "FL1-H",
                "CD8b": "FL2-H",
                "CD3": "FL3-H",
                "CD8": "FL4-H",
                "Time": "Time",
            },
        ),
    ],
)
def test_real_tubes_have_their_panel(name: str, expected: dict[str, str]) -> None:
    assert find_panel(channels_of(SHARED / name), aliases=ALIASES).markers == expected
