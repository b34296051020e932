"""`pool`: the tubes of one specimen counted as one, from stored results and from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cd5flow as package
from cd5flow.config.shipped import protocol_file, strategy_file
from cd5flow.criteria.protocol import load_protocol
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.result import BurdenState, ProtocolSection, StrategySection
from support.report_factory import make_burden, make_result, make_sample

if TYPE_CHECKING:
    from support.command_line import Run

SPECIMEN = {"specimen_id": "S1", "panel_lot": "L7"}


def stored(folder: Path, name: str, blasts: int = 12, **changes: Any) -> Path:
    """Write the result of a follow-up tube, as the shipped rules give it."""
    strategy = load_strategy(strategy_file("t-all-mrd"))
    protocol = load_protocol(protocol_file("cd5-cart-70"))
    result = make_result(
        **{
            "sample": make_sample(
                id=name, sha256=f"{name:0>64}", timepoint="mrd", identifiers=SPECIMEN
            ),
            "strategy": StrategySection(
                name=strategy.value.name,
                version=strategy.value.version,
                sha256=strategy.sha256,
                lineage="cyCD3+ sCD3-",
                choice="as given",
            ),
            "protocol": ProtocolSection(
                name=protocol.value.name,
                version=protocol.value.version,
                sha256=protocol.sha256,
            ),
            "burden": make_burden(
                state=BurdenState.INDETERMINATE,
                reasons=("BELOW_LOD: a cluster",),
                percent=100 * blasts / 400_000,
                blast_events=blasts,
                denominator_events=400_000,
                ci95_percent=None,
                level=None,
            ),
            **changes,
        }
    )
    path = folder / name / "result.json"
    path.parent.mkdir()
    path.write_text(result.to_json(), encoding="utf-8")
    return path


def test_the_burden_of_two_tubes_is_printed(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("pool", stored(tmp_path, "a"), stored(tmp_path, "b", 15), fresh=True)

    assert (ran.code, ran.told) == (0, [])
    assert ran.out.startswith("POOLED: a, b, specimen S1, lot L7")
    assert "MRD_BELOW_LLOQ" in ran.out
    assert "27/800,000" in ran.out


def test_every_reason_against_it_is_printed(cd5flow: Run, tmp_path: Path) -> None:
    other = make_sample(id="b", sha256="b" * 64, timepoint="mrd", identifiers={"panel_lot": "L8"})
    ran = cd5flow("pool", stored(tmp_path, "a"), stored(tmp_path, "b", sample=other))

    assert ran.code == 0
    assert ran.out.startswith("NOT POOLED: a, b")
    assert "the specimen is not known of b" in ran.out
    assert "the panel lot differs: L7, L8" in ran.out


def test_json_holds_the_same(cd5flow: Run, tmp_path: Path) -> None:
    paths = stored(tmp_path, "a"), stored(tmp_path, "b", 15)
    said = json.loads(cd5flow("pool", *paths, "--json").out)

    assert (said["schema"], said["pooled"], said["samples"]) == (
        "cd5flow.pooled/1",
        True,
        ["a", "b"],
    )
    assert (said["burden"]["blast_events"], said["burden"]["denominator_events"]) == (27, 800_000)
    assert said["burden"]["lod_by"] == "count rule"


def test_python_pools_files_and_results(tmp_path: Path) -> None:
    paths = [stored(tmp_path, "a"), stored(tmp_path, "b", 15)]
    by_file = package.pool(paths)

    assert by_file.burden is not None
    assert by_file.burden.state is BurdenState.MRD_BELOW_LLOQ


@pytest.mark.parametrize("kind", ["strategy", "protocol"])
def test_rules_of_the_laboratorys_own_are_asked_for(
    cd5flow: Run, tmp_path: Path, kind: str
) -> None:
    shipped = {"strategy": strategy_file("t-all-mrd"), "protocol": protocol_file("cd5-cart-70")}
    own = tmp_path / "ours.yaml"
    own.write_text(shipped[kind].read_text(encoding="utf-8") + "# ours\n", encoding="utf-8")
    section: Any = {
        "strategy": StrategySection(
            name="t-all-mrd",
            version="1.0.0",
            sha256=load_strategy(own).sha256 if kind == "strategy" else "",
            lineage="cyCD3+ sCD3-",
            choice="as given",
        ),
        "protocol": ProtocolSection(
            name="cd5-cart-70",
            version="1.1",
            sha256=load_protocol(own).sha256 if kind == "protocol" else "",
        ),
    }[kind]
    paths = [stored(tmp_path, name, **{kind: section}) for name in ("a", "b")]

    refused = cd5flow("pool", *paths)
    assert refused.code == 2
    assert f"--{kind} FILE" in refused.complaint
    assert cd5flow("pool", *paths, f"--{kind}", own).code == 0


def test_a_file_that_is_no_result_is_refused(cd5flow: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "x.json"
    wrong.write_text("{}", encoding="utf-8")
    ran = cd5flow("pool", wrong, wrong)

    assert ran.code == 1
    assert "x.json" in ran.complaint


def test_nothing_to_pool_is_wrong_usage() -> None:
    with pytest.raises(package.OptionError, match="found no result"):
        package.pool([])
