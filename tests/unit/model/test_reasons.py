from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from pydantic import ValidationError

from cd5flow.model.reasons import Reason, codes, joined, sentence, written
from cd5flow.model.result import BurdenSection, ControlSection
from support.report_factory import make_burden

FEW = Reason("FEW_BLASTS", case="evaluable", blasts=9, least=50)


def test_a_reason_is_told_as_results_carry_it() -> None:
    assert str(FEW) == "FEW_BLASTS: 9 blasts, at least 50 needed"
    assert sentence(FEW) == "9 blasts, at least 50 needed"
    assert sentence(FEW, "zh") == "9 个原始细胞，至少需要 50 个"


def test_reasons_of_the_same_values_are_equal_whatever_their_order() -> None:
    again = Reason("FEW_BLASTS", least=50, blasts=9, case="evaluable")
    assert again == FEW
    assert {again, FEW} == {FEW}
    assert Reason("FEW_BLASTS", case="evaluable", blasts=8, least=50) != FEW


def test_a_reason_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(FEW)) == FEW  # noqa: S301 - our own


def test_numbers_of_numpy_become_plain_ones() -> None:
    reason = Reason("FEW_BLASTS", case="evaluable", blasts=np.int64(9), least=np.float64(50))
    assert reason == FEW
    assert type(reason.values["blasts"]) is int


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("NEVER_SEEN", {}),
        ("FEW_BLASTS", {"blasts": 9, "least": 50}),
        ("FEW_BLASTS", {"case": "evaluable", "blasts": 9}),
        ("NO_CD5", {"more": 1}),
    ],
)
def test_a_reason_that_has_no_sentence_cannot_be_made(code: str, values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=code):
        Reason(code, **values)


def test_a_value_is_text_a_number_a_reason_or_several() -> None:
    with pytest.raises(TypeError, match="expected text, a number"):
        Reason("NO_CD5", more=object())


def test_a_remark_stands_in_brackets_in_every_language() -> None:
    remarked = FEW.remarked("sample P01").remarked("identity not verified")
    assert sentence(remarked).endswith("needed (sample P01) (identity not verified)")
    assert sentence(remarked, "zh").endswith("(sample P01) (身份未核实)")
    assert remarked.code == "FEW_BLASTS"


def test_several_reasons_are_told_in_one_line() -> None:
    assert joined((FEW, Reason("NO_CD5"))) == (
        "9 blasts, at least 50 needed; no channel of this tube carries CD5"
    )
    assert codes((FEW, Reason("NO_CD5"))) == {"FEW_BLASTS", "NO_CD5"}


# In results


def control(reasons: tuple[Reason, ...]) -> ControlSection:
    return ControlSection(role="fmo", file="f.fcs", sha256="0", accepted=False, reasons=reasons)


def test_data_stand_beside_the_texts() -> None:
    plain = json.loads(control((FEW,)).model_dump_json())
    assert plain["reasons"] == ["FEW_BLASTS: 9 blasts, at least 50 needed"]
    assert plain["reason_data"] == [
        {"code": "FEW_BLASTS", "values": {"blasts": 9, "case": "evaluable", "least": 50}}
    ]


def test_reasons_are_read_back_from_their_data() -> None:
    burden = make_burden(reasons=(FEW, Reason("LINEAGE_UNPROVEN", case="panel", missing=("CD45",))))
    again = BurdenSection.model_validate_json(burden.model_dump_json(), strict=True)
    assert again == burden
    assert again.reasons[1].values["missing"] == ("CD45",)


def test_a_text_without_data_is_read_with_its_code() -> None:
    plain = json.loads(control((FEW,)).model_dump_json())
    del plain["reason_data"]
    (reason,) = ControlSection.model_validate_json(json.dumps(plain)).reasons
    assert (reason.code, str(reason)) == ("FEW_BLASTS", str(FEW))


def test_a_text_that_its_data_do_not_make_counts_as_it_stands() -> None:
    plain = json.loads(control((FEW,)).model_dump_json())
    plain["reasons"] = ["NO_CD5: no channel of this tube carries CD5 at all"]
    section = ControlSection.model_validate_json(json.dumps(plain))
    assert [str(reason) for reason in section.reasons] == plain["reasons"]
    assert section.reason_data == section.reasons


def test_a_copy_with_other_reasons_has_other_data() -> None:
    changed = control((FEW,)).model_copy(update={"reasons": (Reason("NO_CD5"),)})
    assert changed.reason_data == (Reason("NO_CD5"),)


def test_a_reason_within_a_reason_is_data_too() -> None:
    why = Reason("UNRESOLVED", case="no_peak", axis="CD3")
    tried = (Reason("TRIED", method="valley", why=why), Reason("TRIED", method="x", why=FEW))
    outer = Reason("GATE_OTHERWISE", gate="blasts", tried=tried, method="fixed")
    assert sentence(outer) == (
        "blasts: valley: no negative peak of CD3; x: 9 blasts, at least 50 needed; "
        "found by fixed instead"
    )
    assert "CD3 没有阴性峰" in sentence(outer, "zh")
    section = control((outer,))
    (plain,) = json.loads(section.model_dump_json())["reason_data"]
    assert plain["values"]["tried"][0]["values"]["why"] == {
        "code": "UNRESOLVED",
        "values": {"axis": "CD3", "case": "no_peak"},
    }
    assert ControlSection.model_validate_json(section.model_dump_json()).reasons == (outer,)
    assert pickle.loads(pickle.dumps(outer)) == outer  # noqa: S301 - our own


def test_codes_stand_before_reasons_where_a_sentence_asks_for_them() -> None:
    refused = Reason("UNRESOLVED", case="control_refused", role="fmo", why=(FEW, Reason("NO_CD5")))
    assert sentence(refused) == (
        "the fmo control may not be used: FEW_BLASTS: 9 blasts, at least 50 needed; "
        "NO_CD5: no channel of this tube carries CD5"
    )


def test_words_of_a_person_have_no_code() -> None:
    assert str(written("seen by eye")) == "seen by eye"


@pytest.mark.parametrize("data", [{"code": "NO_CD5"}, {"code": "NO_CD5", "values": {"x": 1}}, 7])
def test_data_that_make_no_reason_are_refused(data: object) -> None:
    plain = json.loads(control((FEW,)).model_dump_json())
    plain["reason_data"] = [data]
    with pytest.raises(ValidationError):
        ControlSection.model_validate_json(json.dumps(plain))
