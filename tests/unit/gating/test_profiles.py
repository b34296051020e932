"""Files of reference profiles: what is refused and where, and that CD5 tells no population."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cd5flow.errors import StrategyError
from cd5flow.gating.profile_limits import Apart
from cd5flow.gating.profiles import Profiles, load_profiles
from support.gating_factory import shipped_profiles
from support.kinds_of_cells import NORMAL, names_of, told

Entry = dict[str, Any]
Change = Callable[[Entry], None]

CD5_WORDS = "CD5 must not take part in finding any population"


LIMITS = ("grouping", "references", "outlining")
"""Parts that the shipped profiles lend."""


def entries() -> Entry:
    """Return small profiles as a file writes them."""
    shipped = shipped_profiles().model_dump(mode="json")
    return {part: shipped[part] for part in LIMITS} | {
        "format": "cd5flow.profiles/1",
        "name": "small",
        "version": "1.0.0",
        "title": "Small profiles",
        "levels": {"positive": {"low": 1.0}, "negative": {"high": 0.8}},
        "landmark": {
            "bright": "CD3",
            "bright_above": 1.3,
            "positive": ["CD2"],
            "positive_above": 0.9,
            "agreement": shipped["landmark"]["agreement"],
            "extent": shipped["landmark"]["extent"],
            "either": ["CD4", "CD8"],
            "absent": {"TdT": 1.2},
            "both_absent": {"markers": ["CD4", "CD8"], "above": 1.6},
        },
        "signs": {
            "strong": {"TdT": 1.0},
            "weak": {"CD99": 1.3},
            "both": {"markers": ["CD4", "CD8"], "above": 1.2},
        },
        "normal": [{"name": "b_cells", "what": "B cells", "markers": {"CD19": "positive"}}],
        "joined_by": {"markers": ["CD45"], "decades": 0.7},
        "leukaemic": [
            {"name": "cyCD3+ sCD3-", "what": "blasts", "markers": {"cyCD3": "positive"}},
        ],
        "apart": {"axes": {"CD45": 0.7, "CD7": 0.7}},
        "smear": {
            "axis": "CD3",
            "decades": 0.7,
            "rises": ["CD45"],
            "falls": ["TdT"],
            "correlation": 0.2,
        },
    }


def write(folder: Path, change: Change) -> Path:
    """Write those profiles with a change, one value a line."""
    written = entries()
    change(written)
    path = folder / "p.yaml"
    path.write_text(json.dumps(written, indent=1), encoding="utf-8")
    return path


def faults(folder: Path, change: Change) -> list[str]:
    with pytest.raises(StrategyError) as caught:
        load_profiles(write(folder, change))
    return [line.removeprefix(f"{folder}/") for line in caught.value.message.splitlines()]


def line_of(folder: Path, text: str, after: str = "") -> int:
    """Return the number of the first line that holds a text, below the one that holds another."""
    lines = (folder / "p.yaml").read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if after in line)
    return next(i for i, line in enumerate(lines) if i >= first and text in line) + 1


def row(**settings: Any) -> Change:
    return lambda e: e["normal"][0].update(settings)


def part(name: str, **settings: Any) -> Change:
    return lambda e: e[name].update(settings)


def test_the_shipped_profiles_pass_their_own_check() -> None:
    shipped = shipped_profiles()

    assert shipped.name == "t-all"
    assert shipped.sources
    assert any(one.accepted for one in shipped.leukaemic)
    assert not any(one.accepted for one in shipped.normal)


def test_small_profiles_are_read(tmp_path: Path) -> None:
    loaded = load_profiles(write(tmp_path, lambda _: None))

    assert [one.name for one in loaded.value.normal] == ["b_cells"]
    assert len(loaded.sha256) == 64


MARKERS = '"markers": {'
IN_ROWS: dict[str, tuple[str, Change]] = {
    "a marker": ("normal", row(markers={"CD5": "positive"})),
    "an alternative": ("normal", row(markers={"CD19|CD5": "positive"})),
    "needed": ("normal", row(needs=["CD19", "CD2|CD5"])),
    "excluding": ("normal", row(unless=["CD5"])),
    "lacked": ("normal", row(lacks=["CD5"])),
    "apart by": ("normal", row(apart_by="CD5")),
    "proving": ("normal", row(most_percent=20, proven_by=["CD5"])),
    "leukaemic": ("leukaemic", lambda e: e["leukaemic"][0].update(lacks=["CD5"])),
}
ELSEWHERE: dict[str, tuple[str, Change]] = {
    "landmark, bright": ('"landmark"', part("landmark", bright="CD5")),
    "landmark, positive": ('"landmark"', part("landmark", positive=["CD5"])),
    "landmark, either": ('"landmark"', part("landmark", either=["CD5"])),
    "landmark, absent": ('"landmark"', part("landmark", absent={"CD5": 1.0})),
    "landmark, both absent": (
        '"landmark"',
        part("landmark", both_absent={"markers": ["CD4", "CD5"], "above": 1.0}),
    ),
    "strong sign": ('"signs"', part("signs", strong={"CD5": 1.0})),
    "weak sign": ('"signs"', part("signs", weak={"CD5": 1.0})),
    "two markers": ('"signs"', part("signs", both={"markers": ["CD5", "CD7"], "above": 1.0})),
    "joined by": ('"joined_by"', part("joined_by", markers=["CD45", "CD5"])),
    "apart": ('"apart"', part("apart", axes={"CD45": 0.7, "CD5": 0.7})),
    "smear's axis": ('"smear"', part("smear", axis="CD5")),
    "smear, rises": ('"smear"', part("smear", rises=["CD5"])),
    "smear, falls": ('"smear"', part("smear", falls=["CD5"])),
}


@pytest.mark.parametrize(("where", "change"), IN_ROWS.values(), ids=IN_ROWS)
def test_cd5_in_a_row_is_refused_at_its_markers(where: str, change: Change, tmp_path: Path) -> None:
    (found,) = faults(tmp_path, change)

    assert found.startswith(f"p.yaml:{line_of(tmp_path, MARKERS, after=where)}:")
    assert found.endswith(f": {CD5_WORDS}")


@pytest.mark.parametrize(("where", "change"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_cd5_beside_the_rows_is_refused_at_its_part(
    where: str, change: Change, tmp_path: Path
) -> None:
    (found,) = faults(tmp_path, change)

    assert found.startswith(f"p.yaml:{line_of(tmp_path, where)}:")
    assert found.endswith(f": {CD5_WORDS}")


def test_a_level_that_is_not_told_is_refused_at_its_marker(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, row(markers={"CD19": "glowing"}))

    line = line_of(tmp_path, '"CD19"', after="normal")
    assert found == (f"p.yaml:{line}:13: no level is named 'glowing', expected positive, negative")


def test_a_level_of_every_marker_is_looked_up_too(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, row(every={"level": "glowing", "markers": 6}))

    assert "no level is named 'glowing'" in found


REFUSED: dict[str, tuple[Change, str, str]] = {
    "an unknown field": (row(colour="red"), '"colour"', "colour"),
    "no name": (row(name=""), '"name"', "name"),
    "a range upside down": (
        row(where={"CD45": {"low": 1.0, "high": 0.5}}), '"CD45"', "low lies above high",
    ),
    "a range without ends": (row(where={"CD45": {}}), '"CD45"', "give low, high or both"),
    "where no one looks": (row(where={"CD7": {"low": 1.0}}), '"CD7"', "CD7"),
    "a sign that is not asked": (row(signs="many"), '"signs": "many"', "signs"),
    "too few of every marker": (
        row(every={"level": "positive", "markers": 2}), '"markers": 2', "3",
    ),
    "no normal rows": (lambda e: e.update(normal=[]), '"normal"', "normal"),
    "no leukaemic rows": (lambda e: e.update(leukaemic=[]), '"leukaemic"', "leukaemic"),
    "joined by nothing": (part("joined_by", markers=[]), '"markers"', "markers"),
    "joined at no distance": (part("joined_by", decades=0), '"decades": 0', "decades"),
    "a whole correlation": (part("smear", correlation=1.0), '"correlation"', "correlation"),
    "a group of no cell": (part("grouping", fewest=0), '"fewest": 0', "fewest"),
    "weights of one scatter": (part("grouping", scatter_weights={"SSC": 1.0}), '"grouping"', "FSC"),
    "a weight of nothing": (
        part("grouping", scatter_weights={"FSC": 0.0, "SSC": 1.0}), '"grouping"', "above 0",
    ),
    "an ellipse of everything": (
        part("outlining", held_percent=[99, 100]), "100", "less than 100",
    ),
    "an ellipse of less than half": (part("outlining", held_percent=[40]), '"held_percent"', "held_percent"),
    "a bound through the middle": (
        part("outlining", bound_tail_percent=50), "bound_tail_percent", "bound_tail_percent",
    ),
    "no part without a number": (lambda e: e["references"].pop("leukocyte_cd45"), "references", ""),
    "background above what is none": (
        lambda e: e["references"]["small_cells"].update(highest=1.6), "small_cells", "expected lowest",
    ),
    "absent at no limit": (part("landmark", absent={"CD99": 0.0}), '"landmark"', "absent"),
    "another format": (lambda e: e.update(format="cd5flow.profiles/9"), '"format"', "format"),
    "a version of two numbers": (lambda e: e.update(version="1.0"), '"version"', "version"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "text", "what"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told_with_its_place(
    change: Change, text: str, what: str, tmp_path: Path
) -> None:
    (found,) = faults(tmp_path, change)

    file, line, column, said = found.split(":", 3)
    assert file == "p.yaml"
    assert int(column) >= 1
    lines = (tmp_path / "p.yaml").read_text("utf-8").splitlines()
    assert text in "\n".join(lines[max(0, int(line) - 2) : int(line) + 1])
    assert what in said or what in text


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    def change(e: Entry) -> None:
        row(markers={"CD5": "positive", "CD7": "glowing"})(e)
        part("smear", axis="CD5")(e)

    found = faults(tmp_path, change)

    assert len(found) == 3


# Markers that a therapy makes useless


def read(change: Change, folder: Path) -> Profiles:
    return load_profiles(write(folder, change)).value


def test_an_ignored_marker_neither_selects_nor_excludes(tmp_path: Path) -> None:
    asked = {"CD19": "positive", "CD7": "negative", "CD7|CD2": "negative"}

    left = read(row(markers=asked), tmp_path).without(frozenset({"CD7"}))

    assert left.normal[0].markers == {"CD19": "positive"}


def test_a_row_that_needs_only_what_is_ignored_is_left_out(tmp_path: Path) -> None:
    some = read(lambda e: e["leukaemic"].append({**e["leukaemic"][0], "needs": ["CD7"]}), tmp_path)

    assert len(some.leukaemic) == 2
    assert len(some.without(frozenset({"CD7"})).leukaemic) == 1
    assert some.without(frozenset()) == some


def test_a_row_that_needs_either_of_two_stays_with_one_of_them(tmp_path: Path) -> None:
    some = read(row(needs=["CD7|CD2"]), tmp_path)

    assert len(some.without(frozenset({"CD7"})).normal) == 1
    assert not some.without(frozenset({"CD7", "CD2"})).normal


def test_without_cd7_no_shipped_row_accepts_by_cd7_alone() -> None:
    left = shipped_profiles().without(frozenset({"CD7"}))

    assert any(one.cd7_alone for one in shipped_profiles().leukaemic)
    assert not any(one.cd7_alone for one in left.leukaemic)


def test_cells_are_not_grouped_by_a_marker_that_a_therapy_makes_useless() -> None:
    left = shipped_profiles().without(frozenset({"CD7"}))

    assert "CD7" in told(*NORMAL).markers
    assert "CD7" not in told(*NORMAL, by=left).markers
    assert names_of(told(*NORMAL, by=left), NORMAL)[:3] == ["t_cells", "t_cells", "b_cells"]


def test_a_kind_of_cells_that_no_axis_is_left_to_know_by_is_asked_no_more() -> None:
    apart = shipped_profiles().apart
    assert apart is not None
    kinds = {"nk_cells": {"axes": {"CD56": 0.7, "CD38": 0.7}, "parted_by": ["CD45", "CD38"]}}
    rule = Apart.model_validate({"axes": {"CD38": 0.7, "CD45": 0.7}, "kinds": kinds})

    left = rule.without(frozenset({"CD38"}))
    assert list(left.axes) == ["CD45"]
    assert list(left.kinds["nk_cells"].axes) == ["CD56"]
    assert left.kinds["nk_cells"].parted_by == ("CD45",)
    assert not rule.without(frozenset({"CD56", "CD38"})).kinds
    assert apart.markers() >= {"CD45", "CD56", "CD16"}
