from __future__ import annotations

from cd5flow.report.summary import summary_lines
from support.report_factory import HOSTILE, make_result, make_sample, unknown_cd5


def test_the_answer_stands_first_in_the_words_of_the_report() -> None:
    lines = summary_lines(make_result())
    assert lines[0].startswith("Sample ")
    assert lines[0].endswith(" tube-1 · relapse · bone marrow")
    assert any(line.endswith("69.3 %  BORDERLINE") for line in lines)
    assert any(line.endswith("59.5 %  OVERT DISEASE") for line in lines)
    assert any("[CI_SPANS]" in line for line in lines)


def test_warnings_controls_and_the_missing_review_are_said() -> None:
    text = "\n".join(summary_lines(make_result()))
    assert "WARN Unstable time: unstable: 9.4-12.0 s" in text
    assert "Doublets" not in text
    assert "tube-1_FMO-CD5.fcs: REFUSED" in text
    assert "DRAFT · NOT REVIEWED" in text


def test_unknown_is_not_zero() -> None:
    text = "\n".join(summary_lines(make_result(cd5=unknown_cd5())))
    assert "no percentage  NOT EVALUABLE" in text
    assert "0 of 0" not in text


def test_headings_are_aligned_in_chinese_too() -> None:
    lines = summary_lines(make_result(), language="zh")
    assert any("临界" in line for line in lines)
    assert lines[1].startswith("原始细胞的 CD5  69.3 %")
    assert lines[2].startswith(" " * 16 + "6,669")


def test_no_text_of_a_file_moves_the_cursor() -> None:
    sample = make_sample(id=HOSTILE["control"])
    for line in summary_lines(make_result(sample=sample)):
        assert line.isprintable()
