from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch import Plan, make_plan
from cd5flow.errors import FileAccessError, OptionError, SheetError
from cd5flow.model.result import Timepoint


def planned(folder: Path, text: str | None, *names: str, **words: object) -> Plan:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    if text is not None:
        (folder / "samples.csv").write_text(text, "utf-8")
    return make_plan(folder, words=words)


def faults(folder: Path, text: str | None, *names: str, **words: object) -> list[str]:
    """Return the lines of a refusal, each without the sheet's name."""
    with pytest.raises(SheetError) as refused:
        planned(folder, text, *names, **words)
    name = folder if text is None else folder / "samples.csv"
    return [line.removeprefix(f"{name}: ") for line in refused.value.message.splitlines()]


def test_a_folders_own_sheet_goes_before_its_files(tmp_path: Path) -> None:
    plan = planned(tmp_path, "file,sample_id\nb.fcs,S\n", "a.fcs", "b.fcs")
    assert plan.source == tmp_path / "samples.csv"
    assert [job.sample_id for job in plan.jobs] == ["S"]


def test_two_sheets_in_a_folder_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "samples.xlsx").touch()
    (line,) = faults(tmp_path, "file\n")
    assert "samples.csv and samples.xlsx" in line


def test_without_a_sheet_each_file_is_a_sample_with_its_controls(tmp_path: Path) -> None:
    plan = planned(tmp_path, None, "a.fcs", "a_FMO-CD5.fcs", "b_ISO-CD5.fcs")
    (job,) = plan.jobs
    assert (job.sample_id, job.settings.controls) == ("a", {"fmo": tmp_path / "a_FMO-CD5.fcs"})
    assert plan.orphans == (tmp_path / "b_ISO-CD5.fcs",)


def test_what_a_row_says_goes_before_what_holds_for_all(tmp_path: Path) -> None:
    plan = planned(
        tmp_path, "file,timepoint\na.fcs,mrd\nb.fcs,\n", "a.fcs", "b.fcs", timepoint="relapse"
    )
    assert [job.settings.timepoint for job in plan.jobs] == [Timepoint.MRD, Timepoint.RELAPSE]


def test_a_control_may_serve_several_samples(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        "file,role,for_sample\na.fcs,,\nb.fcs,,\ni.fcs,isotype,a; b\n",
        "a.fcs",
        "b.fcs",
        "i.fcs",
    )
    assert [job.settings.controls for job in plan.jobs] == [{"isotype": tmp_path / "i.fcs"}] * 2


def test_a_sample_id_of_a_sheet_is_made_safe(tmp_path: Path) -> None:
    (job,) = planned(tmp_path, "file,sample_id\na.fcs,../P1/T2\n", "a.fcs").jobs
    assert job.sample_id == "../P1/T2"
    assert job.settings.sample_id == ".._P1_T2"


@pytest.mark.parametrize(("first", "second"), [("S1", "S1"), ("a/b", "a_b"), ("s1", "S1")])
def test_two_samples_with_one_folder_are_a_fault(tmp_path: Path, first: str, second: str) -> None:
    text = f"file,sample_id\na.fcs,{first}\nb.fcs,{second}\n"
    (line,) = faults(tmp_path, text, "a.fcs", "b.fcs")
    assert line.startswith(f"row 3: sample_id: {second} goes to the folder ")
    assert "of row 2" in line


def test_two_files_of_one_name_in_two_folders_are_a_fault(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, None, "one/x.fcs", "two/x.fcs")
    assert line.startswith("two/x.fcs: sample_id: x goes to the folder x")


def test_a_sample_may_not_take_the_name_of_a_table(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "file,sample_id\na.fcs,Run.json\n", "a.fcs")
    assert line == "row 2: sample_id: Run.json is the name of a file of the batch"


def test_faults_between_rows_are_told_with_those_within(tmp_path: Path) -> None:
    text = (
        "file,sample_id,patient_id,role,for_sample,timepoint,strategy,protocol\n"
        "a.fcs,A,P1,,,sometime,t-all,\n"
        "b.fcs,,P2,fmo,A,,,\n"
        "c.fcs,,P1,fmo,A,,,\n"
        "d.fcs,,,isotype,B,,,cd5-cart-71\n"
        "e.fcs,,P9,positive,A,,,\n"
    )
    lines = faults(tmp_path, text, "a.fcs", "b.fcs", "c.fcs", "d.fcs", "e.fcs")
    assert [line.partition(", expected")[0].partition("; there are")[0] for line in lines] == [
        "row 2: timepoint: found 'sometime'",
        "row 2: strategy: no strategy is named 't-all'",
        "row 3: patient_id: P2, but its sample A is of P1",
        "row 4: role: a second fmo of A",
        "row 5: for_sample: B is no sample here",
        "row 5: protocol: no protocol is named 'cd5-cart-71'",
    ]


def test_a_faulty_strategy_is_told_line_by_line_with_the_row(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("format: other\nname: 3\n", "utf-8")
    lines = faults(tmp_path, "file,strategy\na.fcs,mine.yaml\n", "a.fcs")
    assert len(lines) > 2
    assert all(line.startswith(f"row 2: strategy: {tmp_path / 'mine.yaml'}:") for line in lines)


def test_controls_alone_are_no_batch(tmp_path: Path) -> None:
    lines = faults(tmp_path, "file,role,for_sample\na.fcs,fmo,b\n", "a.fcs")
    assert lines == ["row 2: for_sample: b is no sample here", "row 2: no row is a sample"]


def test_a_fault_of_one_row_alone_is_told(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "file,timepoint\na.fcs,now\n", "a.fcs")
    assert line.startswith("row 2: timepoint: found 'now'")


def test_what_is_wrong_for_all_is_refused_before_the_sheet_is_read(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no strategy is named 'nothing'"):
        planned(tmp_path, "file\ngone.fcs\n", strategy="nothing")


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_nothing_to_do_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileAccessError, match=name):
        make_plan(tmp_path / name, words={})
