from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import cd5flow
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.eligibility import Overall
from cd5flow.errors import OptionError
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionState,
    CutMethod,
    Pattern,
    PriorTherapy,
    QualityState,
    ReviewSection,
    Specimen,
    Timepoint,
)
from cd5flow.report.phrases import Phrases, fields_of
from cd5flow.report.wording import Code, Wording, languages, load_wording, sentence_pattern
from support.report_factory import make_check

SOURCE = Path(cd5flow.__file__).parent
ENGLISH = SOURCE / "report" / "languages" / "en.yaml"
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")

OF_STATES = {
    "BURDEN_7": tuple(
        f"BURDEN_{state}"
        for state in BurdenState
        if state not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE, BurdenState.NOT_DETECTED}
    )
}
"""Codes that the source makes of a state's name."""

# Those that speak of a tube. The command line and the makers of synthetic tubes do not.
SPEAKERS = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if path.relative_to(SOURCE).parts[0] not in {"cli", "batch", "report", "simulate", "plots"}
]


@pytest.fixture(params=languages())
def wording(request: pytest.FixtureRequest) -> Wording:
    return load_wording(request.param)


def written(node: ast.expr) -> Iterator[str]:
    """Yield every text that an expression may be, with 7 for what is filled in."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from written(one)
            yield from written(other)
        case ast.BoolOp(values=several):
            for one in several:
                yield from written(one)
        case _:
            return


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in SPEAKERS)


@cache
def reasons() -> set[tuple[str, str]]:
    """Return every (code, sentence) that the source writes as one text."""
    found = set()
    for path, tree in trees():
        if path.parent.name not in {"quantify", "criteria"} and path.stem != "controls":
            continue
        joined = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in node.values
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant | ast.JoinedStr) or id(node) in joined:
                continue
            for text in written(node):
                code, separator, sentence = text.partition(": ")
                if separator and CODE.fullmatch(code) and sentence:
                    found |= {(one, sentence) for one in OF_STATES.get(code, (code,))}
    return found


@cache
def told() -> set[str]:
    """Return every code of a finding: first arguments, and names that `code` stands for."""
    found = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name(id="Finding" | "_info" | "warn" | "_fault" | "_finding")
                    | ast.Attribute(attr="note"),
                    args=[*arguments],
                ):
                    found |= {
                        text
                        for argument in arguments[:2]
                        for text in written(argument)
                        if CODE.fullmatch(text)
                    }
    return found


@cache
def observations() -> set[tuple[str, str]]:
    """Return every (code, message) of a quality check, as far as the source writes both."""
    found = set()
    for path, tree in trees():
        if path.parent.name != "quality":
            continue
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                found |= set(observed(function, handed_in(function.name, tree)))
    return found


def handed_in(name: str, tree: ast.AST) -> list[str]:
    """Return every code with which a function of a module is called."""
    calls = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name
    )
    parts = (part for call in calls for part in (*call.args, *(k.value for k in call.keywords)))
    return [text for part in parts for text in written(part) if CODE.fullmatch(text)]


def observed(function: ast.FunctionDef, codes: list[str]) -> Iterator[tuple[str, str]]:
    named: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
        for target, value in pairs:
            if isinstance(target, ast.Name):
                named.setdefault(target.id, []).extend(written(value))
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id="Observation"), args=[code, *_, message]):
                texts = [
                    list(written(part)) or named.get(getattr(part, "id", ""), [])
                    for part in (code, message)
                ]
                # A code that is handed in is written where the function is called.
                for name in texts[0][:1] or codes:
                    yield from ((name, text) for text in texts[1] or [""])


def test_the_source_is_read_at_all() -> None:
    assert ("CD5_BORDERLINE", "the CD5 share cannot be placed on one side") in reasons()
    assert ("CI_SPANS", "the 95 % interval 7 to 7 % spans 7") in reasons()
    assert {"GATE_UNRESOLVED", "HEIGHT_USED", "NO_SPILLOVER", "TEXT_ENCODING"} <= told()
    assert ("DOUBLETS", "7 % of cells are doublets") in observations()
    assert ("CUT_AGREEMENT", "no cut") in observations()


def test_every_state_has_a_word(wording: Wording) -> None:
    states = wording.states
    assert set(states.cd5) == set(Cd5State)
    assert set(states.burden) == set(BurdenState)
    assert set(states.criterion) == set(CriterionState)
    assert set(states.overall) == set(Overall)
    assert set(states.quality) == set(QualityState)
    assert set(states.pattern) == set(Pattern)
    assert set(states.cut) == set(CutMethod)
    review = ReviewSection.model_fields["state"].annotation
    assert set(states.review) == set(getattr(review, "__args__", ()))


def test_every_choice_has_a_word(wording: Wording) -> None:
    choices = wording.choices
    assert set(choices.timepoint) == set(Timepoint)
    assert set(choices.specimen) == set(Specimen)
    assert set(choices.prior_therapy) == set(PriorTherapy)
    assert set(choices.role) == {"fmo", "isotype", "positive"}
    assert set(choices.clinical) == set(Clinical.model_fields)


def test_every_code_of_the_source_has_an_entry(wording: Wording) -> None:
    assert ({code for code, _ in reasons()} | told()) - set(wording.codes) == set()


def test_every_check_of_the_source_has_an_entry(wording: Wording) -> None:
    assert {code for code, _ in observations()} == set(wording.checks)


def test_every_reason_of_the_source_is_translated() -> None:
    """A sentence changed in the source is changed here, in the same commit."""
    codes = load_wording("zh").codes
    assert [r for r in sorted(reasons()) if not translated(codes.get(r[0]), r[1])] == []


def test_every_observation_of_the_source_is_translated() -> None:
    checks = load_wording("zh").checks
    # A gate's note comes from the gating methods.
    missing = [
        (code, text)
        for code, text in sorted(observations())
        if text and not text.startswith("7; ") and not translated(checks.get(code), text)
    ]
    assert missing == []


def translated(code: Code | None, sentence: str) -> bool:
    return code is not None and any(
        sentence_pattern(said.of).fullmatch(sentence) for said in code.says
    )


def test_languages_have_the_same_entries() -> None:
    english, others = load_wording("en"), [load_wording(name) for name in languages()]
    for other in others:
        assert set(other.codes) == set(english.codes)
        assert set(other.checks) == set(english.checks)
        assert set(english.populations) - set(other.populations) == set()
        for name in Phrases.model_fields:
            one, two = getattr(english.phrases, name), getattr(other.phrases, name)
            assert fields_of(one) == fields_of(two), name


@pytest.mark.parametrize("name", languages())
def test_no_report_calls_a_patient_eligible(name: str) -> None:
    text = (ENGLISH.parent / f"{name}.yaml").read_text(encoding="utf-8").lower()
    for word in ("eligib", "合格", "入选资格", "符合入组"):
        assert word not in text


def test_a_reason_is_written_with_its_numbers() -> None:
    text = "CI_SPANS: the 95 % interval 68.2 to 70.4 % spans >= 70 %"
    assert load_wording("zh").reason(text) == ("95 % 区间 68.2 至 70.4 % 跨越 ≥ 70 %", "CI_SPANS")
    assert load_wording("en").reason(text) == (
        "the 95 % interval 68.2 to 70.4 % spans ≥ 70 %",
        "CI_SPANS",
    )


def test_words_inside_a_reason_are_translated_too() -> None:
    text = "ABOVE_BURDEN_LIMIT: 6,669 of 11,203 events (59.53 %) lie above 5 %"
    assert load_wording("zh").reason(text)[0] == "11,203 个事件中的 6,669 个（59.53 %），超过 5 %"


def test_a_sentence_without_translation_stands_behind_its_short_form() -> None:
    said = load_wording("zh").reason("HEIGHT_USED: no area, so the height is taken for FSC")
    assert said == ("使用高度：no area, so the height is taken for FSC", "HEIGHT_USED")


def test_an_unknown_code_is_written_as_it_stands(wording: Wording) -> None:
    assert wording.reason("NEVER_SEEN: as it is") == ("as it is", "NEVER_SEEN")
    assert wording.reason("no code: at all") == ("no code: at all", None)
    assert wording.short("NEVER_SEEN") == "NEVER_SEEN"


def test_braces_of_a_file_are_not_filled_in() -> None:
    text = "OTHER_PANEL: FL1 is {0.__class__}, not {page}"
    assert load_wording("zh").reason(text)[0] == "FL1 为 {0.__class__}，不是 {page}"


def test_what_several_gates_say_is_translated_one_by_one() -> None:
    message = "blasts holds 3 % of viable, usually 5 to 10 %; cells holds 9 % of stable, usually 30 to 100 %"
    said = load_wording("zh").check(make_check(code="GATE_SHARES", message=message))
    assert said.count("通常为") == 2
    assert "holds" not in said


def test_a_laboratory_may_bring_its_own_words(tmp_path: Path) -> None:
    ours = tmp_path / "ours.yaml"
    text = ENGLISH.read_text(encoding="utf-8")
    ours.write_text(text.replace('"NOT REVIEWED"', '"PRELIMINARY"'), encoding="utf-8")
    assert load_wording(str(ours)).states.review["unreviewed"].word == "PRELIMINARY"


def test_every_fault_of_a_wording_file_is_named_with_its_place(tmp_path: Path) -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    text = text.replace('  draft: "DRAFT"\n', "").replace("{page} of", "{sheet} of")
    ours = tmp_path / "ours.yaml"
    ours.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        load_wording(str(ours))
    faults = caught.value.message.splitlines()
    assert len(faults) == 2
    assert all(fault.startswith(f"{ours}:") for fault in faults)
    assert "field 'draft' is missing" in caught.value.message
    assert "{sheet} is no field of this phrase" in caught.value.message


def test_a_field_that_the_sentence_lacks_is_a_fault(tmp_path: Path) -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    ours = tmp_path / "ours.yaml"
    ours.write_text(text.replace('say: "only {one} ', 'say: "only {two} '), encoding="utf-8")
    with pytest.raises(OptionError, match=r"\{two\} is not in the sentence"):
        load_wording(str(ours))


@pytest.mark.parametrize("name", ["fr", "../en", "no-such.yaml", ""])
def test_an_unknown_language_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        load_wording(name)


def test_a_phrase_may_not_reach_into_objects() -> None:
    with pytest.raises(ValueError, match="expected a name"):
        fields_of("{page.__class__}")
    with pytest.raises(ValueError, match="expected a name"):
        fields_of("{page!r}")
