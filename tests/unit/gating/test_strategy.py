"""Strategy files: what is refused and where, and that CD5 never chooses the blasts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from cd5flow.config.shipped import list_strategies, markers_file, strategy_file
from cd5flow.errors import StrategyError
from cd5flow.gating.strategy import RESERVED, GateSpec, Name, Strategy, load_strategy
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE, DENOMINATOR, READOUT
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.references import field_types
from cd5flow.model.result import Timepoint
from cd5flow.preprocess.labels import load_aliases
from support.gating_factory import Entry, cut_at, gate, lineage_path, strategy_entries
from support.typed_text import holds_plain_text, models_of

CD45, CD5 = cut_at("CD45", 0.5), cut_at("CD5", 0.5)
BY_CD5 = gate("by_cd5", CD5)
VIABLE = gate("viable", CD45)
NUCLEATED = gate("nucleated", CD45)
PLAIN = lineage_path(gate("blasts", CD45))


def at(population: str, **settings: Any) -> Entry:
    return {"population": population, **settings}


def valley(**settings: Any) -> Entry:
    return {"method": "valley", "axis": "CD45", "keep": "above", **settings}


def cluster(**settings: Any) -> Entry:
    rule = {"method": "candidate_cluster", "x": "CD45", "y": "SSC", "yardstick": ["all"]}
    return {**rule, **settings}


def hill(**settings: Any) -> Entry:
    rule = {"method": "density_cluster", "x": "CD45", "y": "SSC", "role": {"CD45": 1}}
    return {**rule, **settings}


def relative(axis: str = "CD45", **edges: Any) -> Entry:
    return {"method": "relative", "sides": [{"axis": axis, **edges}]}


def tail(**settings: Any) -> Entry:
    return {"method": "negative_tail", "axis": "CD45", "keep": "above", **settings}


def quantile(**settings: Any) -> Entry:
    rule = {"method": "quantile", "axis": "CD45", "keep": "above", "of": "all"}
    return {**rule, "quantile_percent": 99, **settings}


def combine(*of: str) -> Entry:
    return {"method": "combine", "operator": "and", "of": list(of)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, **entries: Any) -> Path:
    """Write a strategy, one value a line."""
    path = folder / "s.yaml"
    path.write_text(json.dumps(strategy_entries(**entries), indent=1), encoding="utf-8")
    return path


def faults(folder: Path, **entries: Any) -> list[str]:
    """Return what is wrong with a strategy, each without the folder."""
    usual = {"gates": [VIABLE], "paths": [PLAIN], "after": [NUCLEATED]}
    with pytest.raises(StrategyError) as caught:
        load_strategy(write(folder, **{**usual, **entries}))
    return [line.removeprefix(f"{folder}/") for line in caught.value.message.splitlines()]


def accepted(folder: Path, **entries: Any) -> None:
    usual = {"gates": [VIABLE], "paths": [PLAIN], "after": [NUCLEATED]}
    load_strategy(write(folder, **{**usual, **entries}))


def place(folder: Path, text: str) -> str:
    """Return ``s.yaml:line:column`` of the one line that holds a text; column of its value."""
    lines = (folder / "s.yaml").read_text(encoding="utf-8").splitlines()
    (number,) = (i for i, line in enumerate(lines) if text in line)
    column = (
        lines[number].index(text)
        + 1
        + (len(text.split(": ", maxsplit=1)[0]) + 2 if ": " in text else 0)
    )
    return f"s.yaml:{number + 1}:{column}"


# Shipped files


@pytest.mark.parametrize("name", list_strategies())
def test_a_shipped_strategy_passes_its_own_check(name: str) -> None:
    loaded = load_strategy(strategy_file(name))
    strategy = loaded.value
    assert strategy.name == name
    assert len(loaded.sha256) == 64
    every = [*strategy.gates, *strategy.after, *(g for p in strategy.paths for g in p.gates)]
    assert all(g.why.strip() for g in every)
    assert strategy.sources


@pytest.mark.parametrize("name", list_strategies())
def test_a_shipped_strategy_looks_at_markers_that_labels_can_name(name: str) -> None:
    strategy = load_strategy(strategy_file(name)).value
    aliases = load_aliases(markers_file())
    every = [*strategy.gates, *strategy.after, *(g for p in strategy.paths for g in p.gates)]
    axes = {marker for g in every for marker in g.markers}
    conditions = [(g.needs, g.unless) for g in every]
    conditions += [(path.needs, path.unless) for path in strategy.paths]
    needed = {
        marker
        for needs, unless in conditions
        for asked in (*needs, *unless)
        for marker in asked.split("|")
    }
    lacked = {marker for path in strategy.paths for marker in path.lacks}
    for marker in axes | needed | lacked | set(strategy.nk_markers):
        assert marker == "Time" or aliases.canonical(marker) == marker
        assert marker == "Time" or marker in aliases.used


@pytest.mark.parametrize("name", list_strategies())
def test_a_shipped_strategy_names_what_the_result_promises(name: str) -> None:
    strategy = load_strategy(strategy_file(name)).value
    names = {g.gate for g in (*strategy.gates, *strategy.after)}
    assert {"singlets", "lymphocytes", "t_cells", "nucleated"} <= names


def test_the_shipped_strategies_serve_every_time_point() -> None:
    served = [
        timepoint
        for name in ("t-all-relapse", "t-all-mrd")
        for timepoint in load_strategy(strategy_file(name)).value.timepoints
    ]
    assert sorted(served) == sorted(Timepoint)


@pytest.mark.parametrize("name", list_strategies())
def test_no_shipped_control_population_is_chosen_by_cd5(name: str) -> None:
    strategy = load_strategy(strategy_file(name)).value
    by_name: dict[str, list[GateSpec]] = {}
    for spec in (*strategy.gates, *strategy.after):
        by_name.setdefault(spec.gate, []).append(spec)
    todo, seen = ["t_cells", DENOMINATOR, *strategy.cd5.references], {ALL, BLASTS}
    while todo:
        found = todo.pop()
        if found in seen:
            continue
        seen.add(found)
        for spec in by_name[found]:
            assert READOUT not in spec.markers, found
            todo += spec.deciders


# CD5 takes no part in choosing the blasts

GUISES: dict[str, tuple[list[Entry], list[Entry], str]] = {
    "its own axis": ([], [gate("blasts", CD5)], "blasts"),
    "one of two axes": ([], [gate("blasts", cut_at("CD7|CD5", 0.5))], "blasts"),
    "the second way": ([], [gate("blasts", CD45, otherwise=[cut_at("CD7", 0.5), CD5])], "blasts"),
    "its parent": ([BY_CD5], [gate("blasts", CD45, "by_cd5")], "by_cd5"),
    "a parent of its own path": ([], [BY_CD5, gate("blasts", CD45, "by_cd5")], "by_cd5"),
    "a grandparent": (
        [BY_CD5, gate("between", CD45, "by_cd5")],
        [gate("blasts", CD45, "between")],
        "by_cd5",
    ),
    "an operand": ([BY_CD5], [gate("blasts", combine("all", "by_cd5"))], "by_cd5"),
    "a complement": ([BY_CD5], [gate("blasts", combine("not by_cd5"))], "by_cd5"),
    "an operand of an operand": (
        [BY_CD5, gate("nk_cells", combine("not by_cd5"))],
        [gate("blasts", combine("not nk_cells"))],
        "by_cd5",
    ),
    "an operand in the second way": (
        [BY_CD5],
        [gate("blasts", CD45, otherwise=[combine("by_cd5")])],
        "by_cd5",
    ),
    "an edge's population": ([BY_CD5], [gate("blasts", relative(low=at("by_cd5")))], "by_cd5"),
    "an edge's second population": (
        [VIABLE, BY_CD5],
        [gate("blasts", relative(high=[at("viable"), at("by_cd5")]))],
        "by_cd5",
    ),
    "the parent of an edge's population": (
        [BY_CD5, gate("t_landmark", CD45, "by_cd5")],
        [gate("blasts", relative(low=at("t_landmark")))],
        "by_cd5",
    ),
    "an edge's axis": ([], [gate("blasts", relative("CD5", low=at("all")))], "blasts"),
    "a valley's window": ([BY_CD5], [gate("blasts", valley(low=at("by_cd5")))], "by_cd5"),
    "a valley's negative": (
        [BY_CD5],
        [gate("blasts", valley(negative_below=at("by_cd5")))],
        "by_cd5",
    ),
    "a valley's company": ([BY_CD5], [gate("blasts", valley(include=["by_cd5"]))], "by_cd5"),
    "a tail's negatives": ([BY_CD5], [gate("blasts", tail(of="by_cd5"))], "by_cd5"),
    "a tail's limit": ([BY_CD5], [gate("blasts", tail(high=at("by_cd5")))], "by_cd5"),
    "a tail's furthest place": (
        [BY_CD5],
        [gate("blasts", tail(at_most=[at("all"), at("by_cd5")]))],
        "by_cd5",
    ),
    "a hill's axis": ([], [gate("blasts", hill(x="CD45", y="CD5"))], "blasts"),
    "a hill's window": (
        [BY_CD5],
        [gate("blasts", hill(y_window={"high": at("by_cd5")}))],
        "by_cd5",
    ),
    "a cluster's axis": ([], [gate("blasts", cluster(x="CD5"))], "blasts"),
    "a cluster's yardstick": (
        [BY_CD5],
        [gate("blasts", cluster(yardstick=["all", "by_cd5"]))],
        "by_cd5",
    ),
    "what a cluster lies among": ([BY_CD5], [gate("blasts", cluster(among="by_cd5"))], "by_cd5"),
    "an island's axis": ([], [gate("blasts", cluster(method="island", y="CD5"))], "blasts"),
    "a component's axis": ([], [gate("blasts", hill(method="mixture", y="CD5"))], "blasts"),
    "a component's window": (
        [BY_CD5],
        [gate("blasts", hill(method="mixture", x_window={"low": at("by_cd5")}))],
        "by_cd5",
    ),
    "a quantile's axis": ([], [gate("blasts", quantile(axis="CD5", control="fmo"))], "blasts"),
    "a quantile's reference": ([BY_CD5], [gate("blasts", quantile(of="by_cd5"))], "by_cd5"),
    "a quantile's reference in a control": (
        [BY_CD5],
        [gate("blasts", quantile(of="by_cd5", control="fmo"))],
        "by_cd5",
    ),
    "a quantile's window": ([BY_CD5], [gate("blasts", quantile(high=at("by_cd5")))], "by_cd5"),
    "what a cluster stands apart from": (
        [BY_CD5],
        [gate("blasts", cluster(apart_from=["by_cd5"]))],
        "by_cd5",
    ),
    "what a cluster is a share of": (
        [BY_CD5],
        [gate("blasts", cluster(apart_whole="by_cd5"))],
        "by_cd5",
    ),
    "a cluster's middle": (
        [],
        [gate("blasts", cluster(centre_within=[{"axis": "CD5", "low": at("all")}]))],
        "blasts",
    ),
    "a bound of a cluster's middle": (
        [BY_CD5],
        [gate("blasts", cluster(centre_within=[{"axis": "CD7", "low": at("by_cd5")}]))],
        "by_cd5",
    ),
    "a drawn polygon": (
        [],
        [
            gate(
                "blasts",
                {"method": "fixed", "axes": ["CD45", "CD5"], "vertices": [[0, 0], [1, 0], [0, 1]]},
            )
        ],
        "blasts",
    ),
    "a watched signal": (
        [gate("stable", {"method": "stable_time", "axes": ["FSC", "CD5"]})],
        [gate("blasts", CD45, "stable")],
        "stable",
    ),
    "the end of its scale": (
        [gate("in_range", {"method": "in_range", "axes": [], "positive": ["CD5"]})],
        [gate("blasts", CD45, "in_range")],
        "in_range",
    ),
    "its pulse": (
        [gate("singlets", {"method": "singlet_band", "area": "CD5", "height": "CD5-H"})],
        [gate("blasts", CD45, "singlets")],
        "singlets",
    ),
    "an alternative for other panels": (
        [gate("viable", CD45, needs=["DAPI"]), gate("viable", CD5, unless=["DAPI"])],
        [gate("blasts", CD45, "viable")],
        "viable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("guise", GUISES)
def test_cd5_among_what_chooses_the_blasts_is_refused(folder: Path, guise: str) -> None:
    shared, own, name = GUISES[guise]
    found = faults(folder, gates=shared, paths=[lineage_path(*own)])
    (fault,) = found
    assert fault.endswith(f": '{name}' decides who is a blast and must not look at CD5")


PLAIN_WORDS = {
    "AfterTherapy.says",
    "BurdenLimits.validated_origin",  # where the laboratory's own limits come from
    "CellType.kinds",  # populations of the profiles
    "EvidenceRule.method",
    "EvidenceRule.value",
    "GateSpec.gate",
    "GateSpec.why",
    "DimWhen.lineage",
    "LineagePath.lineage",
    "MarrowRule.immature",  # kinds of cells of the profiles
    "MarrowRule.mature",
    "NotCounted.what",
    "OtherDenominator.rule",
    "OwnKind.aside",  # populations of the profiles
    "OwnKind.kinds",
    "RelapseReading.source",
    "Strategy.description",
    "Strategy.markers",  # to which channel each marker belongs
    "Strategy.name",
    "Strategy.profiles",  # a file
    "Strategy.sources",
    "Strategy.title",
    "Strategy.version",
    "Unproven.known",  # kinds of cells of the profiles
}
"""Texts of a strategy that refer to no marker and no population of its own."""


def test_every_text_of_a_strategy_says_what_it_names() -> None:
    todo: list[type[BaseModel]] = [Strategy]
    seen: set[type[BaseModel]] = set()
    unsaid: set[str] = set()
    while todo:
        model = todo.pop()
        if model not in seen:
            seen.add(model)
            for name, hint in field_types(model).items():
                todo += models_of(hint)
                if holds_plain_text(hint):
                    unsaid.add(f"{model.__name__}.{name}")
    assert unsaid == PLAIN_WORDS
    assert len(seen) > 30


def test_a_gate_at_fault_for_several_paths_is_named_once_where_it_stands(folder: Path) -> None:
    paths = [lineage_path(gate("blasts", CD45, "by_cd5"), lineage=str(i)) for i in range(3)]
    (fault,) = faults(folder, gates=[BY_CD5], paths=paths)
    line = int(fault.split(":")[1])
    text = (folder / "s.yaml").read_text(encoding="utf-8").splitlines()
    assert '"find"' in text[line - 1]
    assert '"by_cd5"' in "".join(text[line - 4 : line])


def test_cd5_may_be_looked_at_where_no_blast_is_chosen(folder: Path) -> None:
    beside = gate("cd5_bright", CD5)
    of_blasts = gate("cd5_on_blasts", CD5, "blasts")
    accepted(folder, gates=[VIABLE, beside], after=[NUCLEATED, of_blasts])


def test_a_path_may_ask_for_a_tube_with_cd5(folder: Path) -> None:
    accepted(folder, paths=[lineage_path(gate("blasts", CD45), needs=["CD5"])])


def test_whether_blasts_lack_cd5_is_not_for_the_strategy_to_say(folder: Path) -> None:
    found = faults(folder, paths=[lineage_path(gate("blasts", CD45), lacks=["CD3", "CD5"])])
    lines = (folder / "s.yaml").read_text(encoding="utf-8").splitlines()
    (line,) = (i for i, text in enumerate(lines) if text == '   "lacks": [')
    where = f"s.yaml:{line + 1}:4"
    assert found == [f"{where}: whether blasts lack CD5 is what is asked"]


def test_a_lineage_is_not_named_by_cd5(folder: Path) -> None:
    renamed = {"axis": "CD7|CD5", "above": at("viable"), "lineage": "CD5 dim"}
    found = faults(folder, paths=[lineage_path(gate("blasts", CD45), renamed=renamed)])
    where = place(folder, '"axis": "CD7|CD5"')
    assert found == [f"{where}: a lineage must not be told by CD5"]


# Order and names


@pytest.mark.parametrize(
    ("entries", "text", "what"),
    [
        (
            {"gates": [gate("viable", CD45, "nowhere")]},
            '"parent": "nowhere"',
            "no gate 'nowhere' stands before this one",
        ),
        (
            {"gates": [gate("a", CD45, "late"), gate("late", CD45)]},
            '"parent": "late"',
            "no gate 'late' stands before this one",
        ),
        (
            {"gates": [gate("viable", CD45, "viable")]},
            '"parent": "viable"',
            "no gate 'viable' stands before this one",
        ),
        (
            {"gates": [gate("root", CD45)]},
            '"gate": "root"',
            "'root' is reserved in Gating-ML",
        ),
        (
            {"after": [NUCLEATED, gate("FCS", CD45)]},
            '"gate": "FCS"',
            "'FCS' is reserved in Gating-ML",
        ),
        (
            {"paths": [lineage_path(gate("uncompensated", CD45), gate("blasts", CD45))]},
            '"gate": "uncompensated"',
            "'uncompensated' is reserved in Gating-ML",
        ),
        ({"gates": [gate("all", CD45)]}, '"gate": "all"', "'all' is gated already"),
        (
            {
                "paths": [
                    lineage_path(gate("viable", CD7 := cut_at("CD7", 0.5)), gate("blasts", CD7))
                ]
            },
            None,
            "'viable' is gated already",
        ),
        ({"after": [NUCLEATED, gate("blasts", CD45)]}, None, "'blasts' is gated already"),
        (
            {"paths": [lineage_path(gate("candidates", CD45))]},
            '"gate": "candidates"',
            "the last gate of a path must be 'blasts'",
        ),
        ({"after": []}, '"gates"', "no gate is named 'nucleated', the denominator"),
        (
            {"unproven": {"population": "cd45_dim", "percent": 20}},
            '"population": "cd45_dim"',
            "no gate is named 'cd45_dim'",
        ),
        ({"references": ["viable", "nk"]}, '"nk"', "no gate is named 'nk'"),
    ],
    ids=lambda value: (
        value if isinstance(value, str) and value.startswith(("'", "no", "the")) else ""
    ),
)
def test_a_name_out_of_order_is_refused_where_it_stands(
    folder: Path, entries: dict[str, Any], text: str | None, what: str
) -> None:
    found = faults(folder, **entries)
    matching = [line for line in found if line.endswith(f": {what}")]
    assert matching, found
    if text == '"gates"':
        assert matching[0].split(": ")[0].startswith("s.yaml:")
    elif text is not None:
        assert matching[0] == f"{place(folder, text)}: {what}"


@pytest.mark.parametrize(
    ("find", "names"),
    [
        (combine("gone", "not lost"), ["gone", "lost"]),
        (relative(low=[at("all"), at("gone")]), ["gone"]),
        (valley(include=["gone"], high=at("lost")), ["gone", "lost"]),
        (tail(of="gone"), ["gone"]),
        (hill(x_window={"low": at("gone")}), ["gone"]),
        (cluster(yardstick=["gone"], apart_from=["lost"]), ["gone", "lost"]),
        (cluster(method="island", among="gone"), ["gone"]),
        (hill(method="mixture", y_window={"high": at("gone")}), ["gone"]),
        (quantile(of="gone", control="isotype", low=at("lost")), ["gone", "lost"]),
    ],
)
def test_a_population_that_a_method_refers_to_stands_before_it(
    folder: Path, find: Entry, names: list[str]
) -> None:
    found = faults(folder, gates=[gate("viable", find), gate("gone", CD45), gate("lost", CD45)])
    assert [line.split(": ")[1] for line in found] == [
        f"no gate '{name}' stands before this one" for name in names
    ]


def test_a_gate_of_another_path_cannot_be_referred_to(folder: Path) -> None:
    first = lineage_path(gate("cd7_positive", CD45), gate("blasts", CD45, "cd7_positive"))
    second = lineage_path(gate("blasts", CD45, "cd7_positive"), lineage="other")
    (fault,) = faults(folder, paths=[first, second])
    assert fault.endswith("no gate 'cd7_positive' stands before this one")


def test_gates_after_the_paths_may_refer_to_those_of_any_path(folder: Path) -> None:
    path = lineage_path(gate("cd7_positive", CD45), gate("blasts", CD45, "cd7_positive"))
    last = gate("nucleated", combine("blasts", "not cd7_positive"))
    accepted(folder, paths=[path], after=[last])


def test_two_paths_may_have_gates_of_one_name(folder: Path) -> None:
    paths = [
        lineage_path(gate("not_nk", CD45), gate("blasts", CD45, "not_nk"), lineage=str(i))
        for i in range(2)
    ]
    accepted(folder, paths=paths)


@pytest.mark.parametrize(
    "conditions",
    [({"needs": ["DAPI"]}, {"unless": ["DAPI"]}), ({"unless": ["A|B"]}, {"needs": ["A|B", "C"]})],
)
def test_alternatives_that_exclude_each_other_may_have_one_name(
    folder: Path, conditions: tuple[Entry, Entry]
) -> None:
    accepted(folder, gates=[gate("viable", CD45, **conditions[i]) for i in range(2)])


@pytest.mark.parametrize(
    "conditions",
    [({}, {}), ({"needs": ["A"]}, {"needs": ["B"]}), ({"needs": ["A"]}, {"unless": ["A|B", "B"]})],
)
def test_two_gates_of_one_name_that_may_both_apply_are_refused(
    folder: Path, conditions: tuple[Entry, Entry]
) -> None:
    (fault,) = faults(folder, gates=[gate("viable", CD45, **conditions[i]) for i in range(2)])
    assert fault.endswith(
        "'viable' is gated twice; alternatives exclude each other by needs and unless"
    )


def test_each_of_three_alternatives_excludes_both_others(folder: Path) -> None:
    three = [
        gate("viable", CD45, needs=["A"]),
        gate("viable", CD45, unless=["A"], needs=["B"]),
        gate("viable", CD45, unless=["A"]),
    ]
    (fault,) = faults(folder, gates=three)
    assert "is gated twice" in fault


@pytest.mark.parametrize("part", ["gates", "after", "path"])
@pytest.mark.parametrize("name", [BLASTS, CD5_POSITIVE])
def test_what_the_analysis_gates_itself_is_not_gated_elsewhere(
    folder: Path, part: str, name: str
) -> None:
    one = gate(name, CD45)
    if part == "path":
        found = faults(folder, paths=[lineage_path(one, gate("blasts", CD45))])
        assert any(w in found[0] for w in ("is not gated here", "is gated twice"))
    else:
        usual = {"gates": [VIABLE], "after": [NUCLEATED]}
        found = faults(folder, **{part: [*usual[part], one]})
        assert any(line.endswith(f"'{name}' is not gated here") for line in found)


def test_a_lineage_is_renamed_by_populations_of_its_own_path(folder: Path) -> None:
    def path(above: str) -> Entry:
        renamed = {"axis": "CD3", "above": [at("viable"), at(above)], "lineage": "dim"}
        return lineage_path(gate("cd7", CD45), gate("blasts", CD45, "cd7"), renamed=renamed)

    accepted(folder, paths=[path("cd7")])
    (fault,) = faults(folder, paths=[path("granulocyte")])
    assert fault.endswith("no gate is named 'granulocyte'")


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]*", fullmatch=True).filter(lambda n: n not in RESERVED))
def test_every_name_of_a_strategy_is_an_id_in_gating_ml(name: str) -> None:
    TypeAdapter(Name).validate_python(name)
    region = Interval(Dimension("CD5"), low=0)
    tree = (
        GateTree((Gate(name, ALL, region, Evidence("fixed", 0)),)) if name != ALL else GateTree(())
    )
    to_gatingml(tree, spillover=None)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_are_those_that_gating_ml_cannot_hold(name: str) -> None:
    region = Interval(Dimension("CD5"), low=0)
    with pytest.raises(ValueError, match="cannot be an id"):
        to_gatingml(GateTree((Gate(name, ALL, region, Evidence("fixed", 0)),)), spillover=None)


@pytest.mark.parametrize("name", ["", "1st", "a b", "naïve", "a.b", "a-b", "_a", "not x", "a\n"])
def test_a_name_that_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


# Fields


@pytest.mark.parametrize(
    ("broken", "text", "what"),
    [
        ({"otherwises": []}, '"otherwises"', "unknown field"),
        ({"find": {"method": "magic"}}, '"method": "magic"', "unknown method 'magic'"),
        ({"find": valley(depth=0.3)}, '"depth"', "unknown field"),
        ({"find": valley(min_depth=2)}, '"min_depth": 2', "less than 1"),
        ({"on_unresolved": "ignore"}, '"on_unresolved": "ignore"', "'pass_through' or 'absent'"),
        ({"expect_percent": [90, 10]}, None, "names the lower share first"),
        ({"expect_percent": [-1, 10]}, "-1", "greater than or equal to 0"),
        ({"needs": "CD45"}, '"needs": "CD45"', "should be a list"),
        ({"find": relative()}, None, "give low, high or both"),
        ({"find": cluster(y="CD45")}, None, "two axes are CD45"),
    ],
    ids=lambda value: value if isinstance(value, str) and not value.startswith('"') else "",
)
def test_a_wrong_field_is_refused_where_it_stands(
    folder: Path, broken: Entry, text: str | None, what: str
) -> None:
    (fault,) = faults(folder, gates=[{**VIABLE, **broken}])
    assert what in fault
    if text is not None:
        where = place(folder, text).rsplit(":", 1)[0]
        assert fault.startswith(f"{where}:")


@pytest.mark.parametrize("field", ["gate", "find", "why"])
def test_a_gate_without_what_it_needs_is_refused(folder: Path, field: str) -> None:
    (fault,) = faults(folder, gates=[{k: v for k, v in VIABLE.items() if k != field}])
    assert f"field '{field}' is missing" in fault


def test_a_path_without_gates_is_refused(folder: Path) -> None:
    (fault,) = faults(folder, paths=[lineage_path()])
    assert "paths[0].gates" in fault


def test_all_faults_of_a_file_are_named_at_once(folder: Path) -> None:
    found = faults(
        folder,
        gates=[gate("a", CD45, "gone"), gate("root", CD45), gate("b", combine("lost"))],
        paths=[lineage_path(gate("blasts", CD5)), lineage_path(gate("x", CD45))],
        after=[],
        references=["nk"],
    )
    assert len(found) == 7
    assert all(line.startswith("s.yaml:") for line in found)


def test_an_absent_file_is_named(folder: Path) -> None:
    with pytest.raises(StrategyError, match=r"gone\.yaml: cannot be read"):
        load_strategy(folder / "gone.yaml")


def test_what_a_gate_looks_at_and_refers_to_is_known() -> None:
    spec = GateSpec.model_validate(
        gate("x", hill(y="SSC|FSC", x_window={"low": at("t")}), otherwise=[combine("not nk")])
    )
    assert spec.markers == {"CD45", "SSC", "FSC"}
    assert spec.populations == {"t", "nk"}
    assert spec.deciders == {"t", "nk", "all"}
    assert [way.method for way in spec.methods] == ["density_cluster", "combine"]
