"""The laboratory's limits in its strategy: nothing else moves, and only limits that stand are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.config.shipped import strategy_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.errors import FileAccessError, OptionError, ResultError, StrategyError
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.validation.own.adopt import adopt_limits, read_own_validation
from cd5flow.validation.own.record import UsedFile
from support.own_factory import record, study


@pytest.fixture(scope="module")
def shipped() -> tuple[Loaded[Strategy], str]:
    path = strategy_file("t-all-mrd")
    return load_strategy(path), path.read_text("utf-8")


def test_limits_and_their_origin_stand_in_the_copy_and_nothing_else_changes(
    shipped: tuple[Loaded[Strategy], str], tmp_path: Path
) -> None:
    strategy, text = shipped
    found = record(study(), strategy_sha256=strategy.sha256)
    adopted = adopt_limits(strategy, text, found, sha256="f" * 64)
    path = tmp_path / "own.yaml"
    path.write_text(adopted.text, "utf-8")
    now = load_strategy(path).value
    burden = now.burden
    assert burden.validated_lob_percent == pytest.approx(found.detection.lob, rel=1e-5)
    assert burden.validated_lod_percent == pytest.approx(found.detection.lod, rel=1e-5)
    assert burden.validated_lloq_percent == pytest.approx(found.detection.lloq, rel=1e-5)
    assert burden.validated_origin is not None
    assert "60 blanks, 60 lows" in burden.validated_origin
    assert "f" * 64 in burden.validated_origin
    assert now.version == "2.1.0"
    before, after = text.splitlines(), adopted.text.splitlines()
    assert len(after) == len(before) + 1
    changed = [line for line in after if line not in before]
    assert len(changed) == 5
    kept = strategy.value.model_dump(exclude={"version", "burden"})
    assert now.model_dump(exclude={"version", "burden"}) == kept
    own = load_strategy(path)
    found = record(study(), strategy_sha256=own.sha256)
    again = adopt_limits(own, adopted.text, found, sha256="e" * 64)
    assert again.version == "2.2.0"
    assert again.text.count("validated_origin") == 1


def test_limits_of_another_strategy_are_refused(shipped: tuple[Loaded[Strategy], str]) -> None:
    with pytest.raises(OptionError, match="is not the one alone that blanks, lows and"):
        adopt_limits(*shipped, record(study()), sha256="f")


def test_the_comparison_may_have_been_made_with_another_strategy(
    shipped: tuple[Loaded[Strategy], str],
) -> None:
    strategy, text = shipped
    found = record(study(), strategy_sha256=strategy.sha256)
    relapse = UsedFile(what="Strategy", name="t-all-relapse", version="2.0.0", sha256="d" * 64)
    files = (*found.provenance.files, relapse)
    both = found.model_copy(
        update={"provenance": found.provenance.model_copy(update={"files": files})}
    )
    assert adopt_limits(strategy, text, both, sha256="f" * 64).version == "2.1.0"
    mixed = both.detection.model_copy(update={"strategies": (strategy.sha256, relapse.sha256)})
    with pytest.raises(OptionError, match=r"t-all-mrd 2\.0\.0, t-all-relapse 2\.0\.0"):
        adopt_limits(strategy, text, both.model_copy(update={"detection": mixed}), sha256="f")


def test_too_few_tubes_establish_nothing(shipped: tuple[Loaded[Strategy], str]) -> None:
    few = [tube for tube in study() if tube.sample not in {"b0", "l0"}]
    with pytest.raises(OptionError, match="59 blanks and 59 lows, which establish none"):
        adopt_limits(*shipped, record(few, strategy_sha256=shipped[0].sha256), sha256="f")


def test_a_block_in_one_line_cannot_be_changed_in_place(
    shipped: tuple[Loaded[Strategy], str],
) -> None:
    strategy, text = shipped
    found = record(study(), strategy_sha256=strategy.sha256)
    with pytest.raises(StrategyError, match="one field a line"):
        adopt_limits(strategy, text.replace("\nburden:\n", "\nburden: {\n"), found, sha256="f")


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "validation.json"
    with pytest.raises(FileAccessError):
        read_own_validation(path)
    path.write_text('{"schema": "cd5flow.validation/1"}', "utf-8")
    with pytest.raises(ResultError, match=r"expected the validation\.json"):
        read_own_validation(path)
    whole = record(study())
    path.write_text(whole.to_json(), "utf-8")
    assert read_own_validation(path)[0] == whole
