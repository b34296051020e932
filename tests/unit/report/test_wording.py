from __future__ import annotations

import re
from pathlib import Path

import pytest

import cd5flow
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.eligibility import Overall
from cd5flow.errors import OptionError
from cd5flow.model.reasons import Reason, joined, written
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
from cd5flow.report.phrases import fields_of
from cd5flow.report.wording import Wording, languages, load_wording
from support.report_factory import make_check

SOURCE = Path(cd5flow.__file__).parent
ENGLISH = SOURCE / "report" / "languages" / "en.yaml"


@pytest.fixture(params=languages())
def wording(request: pytest.FixtureRequest) -> Wording:
    return load_wording(request.param)


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


def test_languages_have_the_same_entries() -> None:
    english, others = load_wording("en"), [load_wording(name) for name in languages()]
    for other in others:
        for name in english.populations:
            assert name in other.catalogue.words, name
        assert other.phrases.by_name.keys() == english.phrases.by_name.keys()
        for name, phrase in english.phrases.by_name.items():
            assert fields_of(phrase) == fields_of(other.phrases.by_name[name]), name


def test_the_report_uses_every_phrase_and_no_other() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    used = set(re.findall(r"\bphrases\.([a-z]\w*)", code)) - {"by_name", "matching"}
    assert used == load_wording("en").phrases.by_name.keys()


@pytest.mark.parametrize("name", languages())
def test_no_report_calls_a_patient_eligible(name: str) -> None:
    text = (ENGLISH.parent / f"{name}.yaml").read_text(encoding="utf-8").lower()
    for word in ("eligib", "合格", "入选资格", "符合入组"):
        assert word not in text


def test_a_reason_is_written_with_its_numbers() -> None:
    reason = Reason("CI_SPANS", low=68.2, high=70.4, rule=">= 70 %")
    assert load_wording("zh").sentence(reason) == "95 % 区间 68.2 至 70.4 % 跨越 ≥ 70 %"
    assert load_wording("en").sentence(reason) == "the 95 % interval 68.2 to 70.4 % spans ≥ 70 %"


def test_numbers_inside_a_reason_stand_where_the_language_has_them() -> None:
    reason = Reason("ABOVE_BURDEN_LIMIT", blasts=6669, total=11_203, percent=59.53, limit=5)
    said = load_wording("zh").sentence(reason)
    assert said == "11,203 个事件中的 6,669 个（59.53 %），超过 5 %"


def test_words_inside_a_reason_are_translated_too() -> None:
    reason = Reason("WEAK_CUT", method="valley")
    assert load_wording("zh").sentence(reason) == "以谷值确定的界值不支持确定的状态"


def test_english_words_stand_as_in_the_result_but_where_the_report_says_otherwise() -> None:
    english = load_wording("en")
    places = Reason("CUTS_DISAGREE", case="places", other="fmo", decades=0.5, used="valley")
    assert english.sentence(places) == "FMO lies 0.50 decades from valley"
    shares = {"used": "fmo", "used_percent": 60, "other": "valley", "other_percent": 80}
    told = Reason("CUTS_DISAGREE", case="shares", rule="> 70 %", **shares)
    assert english.sentence(told).startswith("fmo gives 60.0 %")


def test_a_sentence_without_translation_stands_behind_its_short_form() -> None:
    reason = Reason("HEIGHT_USED", text="no area, so the height is taken for FSC")
    said = load_wording("zh").sentence(reason)
    assert said == "使用高度：no area, so the height is taken for FSC"


def test_a_text_of_an_unknown_code_is_written_as_it_stands(wording: Wording) -> None:
    assert wording.sentence(Reason("NEVER_SEEN", text="as it is")) == "as it is"
    assert wording.sentence(written("no code: at all")) == "no code: at all"
    assert wording.short("NEVER_SEEN") == "NEVER_SEEN"


def test_braces_of_a_file_are_not_filled_in() -> None:
    reason = Reason("OTHER_PANEL", case="label", channel="FL1", other="{0.__class__}", own="{page}")
    assert load_wording("zh").sentence(reason) == "FL1 为 {0.__class__}，不是 {page}"


def test_what_several_gates_say_is_translated_one_by_one() -> None:
    seen = tuple(
        Reason("GATE_SHARE", gate=gate, percent=share, parent=parent, low=low, high=high)
        for gate, share, parent, low, high in (
            ("blasts", 3, "viable", 5, 10),
            ("cells", 9, "stable", 30, 100),
        )
    )
    check = make_check(code="GATE_SHARES", message=joined(seen), message_data=seen)
    said = load_wording("zh").check(check)
    assert said.count("通常为") == 2
    assert "holds" not in said


def test_a_check_of_before_the_data_is_told_as_it_was() -> None:
    check = make_check(code="GATE_SHARES", message="blasts holds 3 % of viable")
    assert load_wording("zh").check(check) == "blasts holds 3 % of viable"


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
    assert "{sheet} is no field of this phrase; it has: {page}, {pages}" in caught.value.message


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('skip: "', 'skipp: "x"\n  skip: "', "phrases.skipp: unknown field"),
        ("Page {page} of {pages}", "{pages}: {page}", "expected {page}, and {pages} after it"),
        ('draft: "DRAFT"', 'draft: ""', "phrases.draft: "),
        ('draft: "DRAFT"', 'draft: "{a.b}"', "expected a name in braces"),
        ('draft: "DRAFT"', 'draft: "{count}"', "{count} is no field of this phrase; it has: none"),
        ('draft: "DRAFT"', "draft: 5", "phrases.draft: should be text, found 5"),
    ],
)
def test_a_phrase_that_is_not_as_in_english_is_a_fault(
    before: str, after: str, what: str, tmp_path: Path
) -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    assert before in text
    ours = tmp_path / "ours.yaml"
    ours.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        load_wording(str(ours))
    line = 1 + next(
        i
        for i, one in enumerate(ours.read_text("utf-8").splitlines())
        if after.split("\n", maxsplit=1)[0] in one
    )
    assert caught.value.message.startswith(f"{ours}:{line}:")
    assert what in caught.value.message


def test_a_value_that_the_reason_lacks_is_a_fault(tmp_path: Path) -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    ours = tmp_path / "ours.yaml"
    ours.write_text(text.replace('one: "only {one} ', 'one: "only {two} '), encoding="utf-8")
    with pytest.raises(OptionError, match=r"\{two\} is no value of this sentence"):
        load_wording(str(ours))


def test_a_laboratory_may_say_a_reason_in_its_own_words(tmp_path: Path) -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    ours = tmp_path / "ours.yaml"
    said = 'codes:\n  NO_CD5: {short: "sans CD5", says: "aucun canal ne porte CD5"}\n'
    ours.write_text(text.replace("codes:\n", said, 1), encoding="utf-8")
    wording = load_wording(str(ours))
    assert wording.sentence(Reason("NO_CD5")) == "aucun canal ne porte CD5"
    assert wording.short("NO_CD5") == "sans CD5"


@pytest.mark.parametrize("name", ["xx", "../en", "no-such.yaml", ""])
def test_an_unknown_language_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        load_wording(name)


def test_a_phrase_may_not_reach_into_objects() -> None:
    with pytest.raises(ValueError, match="expected a name"):
        fields_of("{page.__class__}")
    with pytest.raises(ValueError, match="expected a name"):
        fields_of("{page!r}")


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("blasts_1", "Blast population 1", "原始细胞群 1"),
        ("blasts_2_CD45_SSC", "Blast population 2, by CD45 × SSC", "原始细胞群 2，按 CD45 × SSC"),
        ("blasts_1_TdT_2", "Blast population 1, by TdT (2)", "原始细胞群 1，按 TdT (2)"),
        (
            "outside_1_CD7",
            "Population 1 outside the profiles, by CD7",
            "参考谱以外的细胞群 1，按 CD7",
        ),
        ("scd3_negative", "surface CD3-negative", "膜 CD3 阴性"),
    ],
)
def test_gates_by_groups_are_told_by_population_and_axes(
    name: str, english: str, chinese: str
) -> None:
    assert load_wording("en").population(name) == english
    assert load_wording("zh").population(name) == chinese
