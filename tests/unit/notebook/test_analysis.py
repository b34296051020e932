"""`cd5flow.Analysis`: what lies behind a result, in arrays, pictures, files and other libraries' objects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import cd5flow
from cd5flow.errors import OutputError
from cd5flow.signatures import guard
from support.analysed import CLEAR, tube


@pytest.fixture(scope="module")
def clear() -> cd5flow.Analysis:
    return cd5flow.Analysis(tube(CLEAR), timepoint="relapse", specimen="bone_marrow")


def test_its_result_is_that_of_analyze(clear: cd5flow.Analysis) -> None:
    alone = cd5flow.analyze(tube(CLEAR), timepoint="relapse", specimen="bone_marrow")
    assert (alone.cd5, alone.burden) == (clear.result.cd5, clear.result.burden)
    assert clear._repr_html_() == clear.result._repr_html_()


def test_events_are_compensated_linear_and_read_only(clear: cd5flow.Analysis) -> None:
    fcs = cd5flow.read_fcs(tube(CLEAR))
    assert clear.events.shape == fcs.events.shape
    assert clear.events.dtype == np.float32
    assert not clear.events.flags.writeable
    time, cd5 = (clear.channels.index(clear.markers[name]) for name in ("Time", "CD5"))
    np.testing.assert_array_equal(clear.events[:, time], fcs.events[:, time])
    assert not np.array_equal(clear.events[:, cd5], fcs.events[:, cd5])


def test_membership_counts_what_the_result_says(clear: cd5flow.Analysis) -> None:
    counted = {name: int(who.sum()) for name, who in clear.membership.items()}
    assert counted == {one.name: one.events for one in clear.result.populations}
    assert all(len(who) == clear.result.sample.events for who in clear.membership.values())


def test_the_cut_on_the_events_gives_the_positive_blasts(clear: cd5flow.Analysis) -> None:
    cut = clear.result.cd5.cut
    assert cut is not None
    cd5 = clear.events[clear.membership["blasts"], clear.channels.index(cut.channel)]
    assert int((cd5 > cut.linear).sum()) == clear.result.cd5.positive_events


def test_display_takes_markers_and_channels(clear: cd5flow.Analysis) -> None:
    by_marker, by_channel = clear.display("CD5"), clear.display(clear.markers["CD5"])
    np.testing.assert_array_equal(by_marker, by_channel)
    assert -1 < by_marker.min() < by_marker.max() < 1.5
    with pytest.raises(KeyError):
        clear.display("CD999")


def test_figures_show_themselves(clear: cd5flow.Analysis) -> None:
    picture = clear.figures["map-cd45-ssc"]
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert str(picture._repr_svg_()).startswith("<svg")


def test_write_is_what_the_command_writes(clear: cd5flow.Analysis, tmp_path: Path) -> None:
    folder = clear.write(str(tmp_path / "out"), report=False, membership=True)
    assert folder == tmp_path / "out" / clear.result.sample.id
    assert {path.name for path in folder.iterdir()} == {
        *("result.json", "populations.csv", "gates.xml", "membership.npz"),
    }
    written = json.loads((folder / "result.json").read_text("utf-8"))
    assert written["digest"] == clear.result.digest
    assert written["provenance"]["origins"]["specimen"] == "argument"


def test_a_result_that_somebody_answers_for_is_not_replaced(
    clear: cd5flow.Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clear.write(tmp_path, report=False)
    other = cd5flow.Analysis(tube(CLEAR), timepoint="mrd", specimen="bone_marrow")
    monkeypatch.setattr(guard, "answered_for", lambda *_: "signed as approved by X (entry 3)")
    before = (folder / "result.json").read_bytes()
    with pytest.raises(OutputError, match=r"another result is kept, signed as approved.*supersede"):
        other.write(tmp_path, report=False)
    assert (folder / "result.json").read_bytes() == before


def test_anndata_holds_events_channels_and_populations(
    clear: cd5flow.Analysis, tmp_path: Path
) -> None:
    anndata = pytest.importorskip("anndata")
    clear.to_anndata().write_h5ad(tmp_path / "tube.h5ad")
    cells = anndata.read_h5ad(tmp_path / "tube.h5ad")
    np.testing.assert_array_equal(cells.X, clear.events)
    assert cells.var.loc[clear.markers["CD5"], "marker"] == "CD5"
    np.testing.assert_array_equal(cells.obs["blasts"], clear.membership["blasts"])
    np.testing.assert_array_equal(
        cells[:, clear.markers["CD5"]].layers["display"][:, 0], clear.display("CD5")
    )
    assert json.loads(cells.uns["cd5flow_result"]) == clear.result.to_dict()
