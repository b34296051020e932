"""The digest by which a finished sample is known."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import cd5flow.analysis.fingerprint as module
from cd5flow.analysis import provenance
from cd5flow.analysis.fingerprint import file_sha256, inputs_sha256
from cd5flow.analysis.rule_files import load_rule_files
from cd5flow.analysis.settings import make_settings
from cd5flow.config.shipped import markers_file
from cd5flow.criteria.clinical import Clinical
from cd5flow.gating.drawn import ImportedGates
from cd5flow.model.result import Timepoint
from cd5flow.pipeline import Settings, analyse_tube
from cd5flow.preprocess.labels import load_aliases
from support.analysed import CLEAR, analysis, fmo_of, tube


def digest(path: Path, chosen: Settings) -> str:
    return inputs_sha256(path, chosen, load_rule_files(chosen), sha256=file_sha256)


@pytest.fixture
def said(tmp_path: Path) -> Settings:
    """Settings that say something of everything that needs no other analysis."""
    (tmp_path / "m.csv").write_text("a,b\n1,0\n0,1\n", "utf-8")
    shutil.copy(fmo_of(CLEAR), tmp_path / "f.fcs")
    return make_settings(
        timepoint="relapse",
        controls={"fmo": tmp_path / "f.fcs"},
        spillover=tmp_path / "m.csv",
        markers={"CD5": "PE-A"},
    )


def test_a_result_carries_the_digest_that_is_known_before_it_is_made() -> None:
    chosen = make_settings(
        timepoint="relapse", specimen="bone_marrow", controls={"fmo": fmo_of(CLEAR)}
    )
    assert analysis(CLEAR).result.provenance.inputs_sha256 == digest(tube(CLEAR), chosen)


def test_folders_do_not_count_and_contents_do(tmp_path: Path, said: Settings) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for name in ("m.csv", "f.fcs"):
        shutil.copy(tmp_path / name, there)
    shutil.copy(tube(CLEAR), there)
    moved = replace(said, controls={"fmo": there / "f.fcs"}, spillover=there / "m.csv")
    first = digest(tube(CLEAR), said)
    assert digest(there / tube(CLEAR).name, moved) == first
    for name in ("m.csv", "f.fcs"):
        with (there / name).open("ab") as file:
            file.write(b"\n")
        assert digest(tube(CLEAR), moved) != first
        first = digest(tube(CLEAR), moved)


CHANGES: dict[str, Any] = {
    "strategy": "t-all-mrd",
    "protocol": "cd5-cart-90",
    "timepoint": Timepoint.MRD,
    "specimen": "csf",
    "prior_therapy": ("cd5_car",),
    "controls": {},
    "markers": {"CD5": "APC-A"},
    "sample_id": "other",
    "patient_id": "P2",
    "collected_at": "2026-01-31",
    "identifiers": {"accession": "A2"},
    "spillover": "hardware",
    "dataset": 2,
    "clinical": Clinical(ecog=1),
    "override": Path("no-such-file.yaml"),
    "gates": ImportedGates("gates.xml", "01", {"blasts": "Blasts"}, ()),
    "seed": 1,
}


def test_where_settings_came_from_does_not_count(said: Settings) -> None:
    other = said.said_by({"strategy": "cd5flow.yaml"})
    assert other.origins != said.origins
    assert digest(tube(CLEAR), other) == digest(tube(CLEAR), said)


@pytest.mark.parametrize("name", [one.name for one in fields(Settings) if one.compare])
def test_every_setting_counts(said: Settings, name: str) -> None:
    assert set(CHANGES) <= {one.name for one in fields(Settings)}
    changed = replace(said, **{name: CHANGES.get(name, "another")})
    rules = load_rule_files(changed) if name in {"strategy", "protocol"} else load_rule_files(said)
    first = inputs_sha256(tube(CLEAR), said, load_rule_files(said), sha256=file_sha256)
    assert inputs_sha256(tube(CLEAR), changed, rules, sha256=file_sha256) != first


@pytest.mark.parametrize("what", ["__version__", "python", "versions"])
def test_every_version_counts(said: Settings, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    first = digest(tube(CLEAR), said)
    if what == "__version__":
        monkeypatch.setattr(module, what, "99")
    else:
        other: Any = "99" if what == "python" else (("numpy", "99"),)
        monkeypatch.setattr(provenance, what, lambda: other)
    assert digest(tube(CLEAR), said) != first


def test_a_strategy_counts_by_content(tmp_path: Path) -> None:
    from cd5flow.config.shipped import strategy_file  # noqa: PLC0415

    text = strategy_file("t-all-relapse").read_text("utf-8")
    found = []
    for folder, content in (("a", text), ("b", text), ("c", text + "# changed\n")):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "mine.yaml"
        path.write_text(content, "utf-8")
        found.append(digest(tube(CLEAR), make_settings(strategy=path)))
    assert found[0] == found[1] != found[2]


def test_the_marker_table_counts_by_content(tmp_path: Path) -> None:
    """A label that it reads as another marker gives another result."""
    said = make_settings(timepoint="relapse")
    text = markers_file().read_text("utf-8")
    found = []
    for folder, content in (("a", text), ("b", text), ("c", text + "# changed\n")):
        (tmp_path / folder).mkdir()
        table = tmp_path / folder / "markers.yaml"
        table.write_text(content, "utf-8")
        rules = replace(load_rule_files(said), aliases=load_aliases(table))
        found.append(inputs_sha256(tube(CLEAR), said, rules, sha256=file_sha256))
    assert found[0] == found[1] == digest(tube(CLEAR), said)
    assert found[2] != found[0]


def test_a_file_that_cannot_be_read_has_no_digest_of_its_own(tmp_path: Path) -> None:
    assert file_sha256(tmp_path) is None
    gone = digest(tmp_path / "x.fcs", make_settings())
    shutil.copy(tube(CLEAR), tmp_path / "x.fcs")
    assert digest(tmp_path / "x.fcs", make_settings()) != gone


def test_a_kind_of_setting_that_is_unknown_is_no_digest() -> None:
    with pytest.raises(TypeError, match="set has no place in a digest"):
        digest(tube(CLEAR), replace(make_settings(), markers={"CD5": {1}}))  # type: ignore[dict-item]


def test_an_absent_control_that_is_not_needed_does_not_stop_an_analysis() -> None:
    from support.analysed import NO_CD5  # noqa: PLC0415

    chosen = make_settings(controls={"fmo": Path("no-such-file.fcs")})
    assert analyse_tube(tube(NO_CD5), chosen).result.provenance.inputs_sha256
