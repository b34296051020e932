from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from cd5flow.batch.plan import BatchPlan, make_plan
from cd5flow.batch.tube_folder import NO_SAMPLE, NOT_IN_SHEET, OTHER_KIND, OTHER_SET, NotTaken
from cd5flow.errors import FileAccessError, OptionError, SheetError
from cd5flow.model.names import folder_name
from cd5flow.model.result import Timepoint
from support.fcs_factory import fcs


def planned(
    folder: Path, text: str | None, *names: str, out: Path | None = None, **words: Any
) -> BatchPlan:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    if text is not None:
        (folder / "samples.csv").write_text(text, "utf-8")
    return make_plan(folder, words=words, out=out)


def faults(folder: Path, text: str | None, *names: str, **words: Any) -> list[str]:
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
    assert plan.not_taken == (NotTaken("b_ISO-CD5.fcs", NO_SAMPLE),)


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


def test_what_a_sheet_says_of_a_control_is_held_against_its_sample(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        "file,role,for_sample,specimen_id,panel_lot\na.fcs,,,S1,L7\nf.fcs,fmo,a,S2,\n",
        "a.fcs",
        "f.fcs",
    )
    (settings,) = (job.settings for job in plan.jobs)
    assert settings.identifiers == {"specimen_id": "S1", "panel_lot": "L7"}
    assert settings.control_identifiers == {"fmo": {"specimen_id": "S2"}}


@pytest.mark.parametrize("sample_id", ["../P1", "..\\P1", "CON", "nul.2026", "P1.", "P" * 201])
def test_a_sample_id_given_by_hand_that_names_no_folder_is_a_fault(
    tmp_path: Path, sample_id: str
) -> None:
    lines = faults(tmp_path, f"file,sample_id\na.fcs,{sample_id}\nb.fcs,S2\n", "a.fcs", "b.fcs")
    assert [line.partition("found")[0] for line in lines] == ["row 2: sample_id: "]


@pytest.mark.parametrize("source", ["sheet", "folder"])
@pytest.mark.parametrize(
    ("name", "sample_id"),
    [
        ("P1..fcs", "P1."),
        ("a\nb.fcs", "a\nb"),
        ("P\\..\\b.fcs", "P\\..\\b"),
        (f"{'P' * 210}.fcs", "P" * 210),
        (f"{'P' * 251}.fcs", "P" * 251),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_an_id_made_from_a_file_is_its_name(
    tmp_path: Path, source: str, name: str, sample_id: str
) -> None:
    (tmp_path / name).touch()
    text = f'file\n"{name}"\n' if source == "sheet" else None
    (job,) = planned(tmp_path, text).jobs
    assert (job.sample_id, job.settings.sample_id) == (sample_id, sample_id)
    assert job.file == tmp_path / name


def test_controls_belong_to_samples_of_any_name(tmp_path: Path) -> None:
    (job,) = planned(tmp_path, None, "張三.fcs", "張三_FMO-CD5.fcs").jobs
    assert (job.sample_id, set(job.settings.controls)) == ("張三", {"fmo"})


def test_files_beside_a_sheet_that_it_does_not_name_are_listed(tmp_path: Path) -> None:
    text = "file,role,for_sample\na.fcs,,\nsub/../f.fcs,fmo,a\n"
    names = ("a.fcs", "f.fcs", "sub/lost.FCS", "notes.txt", "out/a/x.fcs")
    plan = planned(tmp_path, text, *names, out=tmp_path / "out")
    assert plan.not_taken == (NotTaken("sub/lost.FCS", NOT_IN_SHEET),)


def test_a_sheet_that_is_named_itself_is_taken_alone(tmp_path: Path) -> None:
    planned(tmp_path, "file\na.fcs\n", "a.fcs", "b.fcs")
    assert make_plan(tmp_path / "samples.csv", words={}).not_taken == ()


def test_results_among_the_tubes_are_no_tubes(tmp_path: Path) -> None:
    plan = planned(tmp_path, None, "a.fcs", "out/b/b.fcs", "out/notes.txt", out=tmp_path / "out")
    assert [job.sample_id for job in plan.jobs] == ["a"]
    assert plan.not_taken == ()


def test_tubes_may_lie_in_the_results_folder_itself(tmp_path: Path) -> None:
    plan = planned(tmp_path, None, "a.fcs", "summary.csv", out=tmp_path)
    assert [job.sample_id for job in plan.jobs] == ["a"]
    assert plan.not_taken == (NotTaken("summary.csv", OTHER_KIND),)


@pytest.mark.parametrize(("first", "second"), [("a?b", "a_b"), ("s1", "S1"), ("Ü", "U\u0308")])
def test_two_samples_with_one_folder_get_each_its_own(
    tmp_path: Path, first: str, second: str
) -> None:
    text = f"file,sample_id\na.fcs,{first}\nb.fcs,{second}\nc.fcs,other\n"
    jobs = planned(tmp_path, text, "a.fcs", "b.fcs", "c.fcs").jobs
    assert [job.sample_id for job in jobs] == [first, second, "other"]
    assert [job.folder for job in jobs] == [
        *(
            f"{folder_name(i)}~{hashlib.sha256(i.encode()).hexdigest()[:6]}"
            for i in (first, second)
        ),
        "other",
    ]


def test_two_samples_of_one_id_are_a_fault(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "file,sample_id\na.fcs,S1\nb.fcs,S1\n", "a.fcs", "b.fcs")
    assert line.startswith("row 3: sample_id: S1 is the id of row 2 too")


def test_two_files_of_one_name_in_two_folders_are_a_fault(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, None, "one/x.fcs", "two/x.fcs")
    assert line.startswith("two/x.fcs: sample_id: x is the id of one/x.fcs too")


def test_a_sample_named_as_a_table_goes_beside_it(tmp_path: Path) -> None:
    (job,) = planned(tmp_path, "file,sample_id\na.fcs,Run.json\n", "a.fcs").jobs
    assert job.folder.startswith("Run.json~")


def test_names_in_any_script_and_bytes_that_are_none_cost_no_other_sample(tmp_path: Path) -> None:
    names = [
        "張三.fcs",
        "李四.fcs",
        "Müller.fcs",
        "Mu\u0308ller.fcs",
        "🙂.fcs",
        "🙁.fcs",
        "a\nb.fcs",
    ]
    names += ["\u202egpj.fcs", os.fsdecode(b"caf\xe9.fcs"), ".x.fcs"]
    jobs = planned(tmp_path, None, *names).jobs
    folders = [job.folder for job in jobs]
    assert len(set(map(str.casefold, folders))) == len(jobs) == 9  # hidden files are left out
    by_id = {job.sample_id: job.folder for job in jobs}
    assert (by_id["張三"], by_id["李四"]) == ("張三", "李四")
    assert by_id[r"caf\xe9"] == "caf_xe9"
    assert by_id["Müller"].startswith("Müller~")
    assert by_id["Mu\u0308ller"].startswith("Müller~")
    assert by_id["🙂"].startswith("_~")


def test_wells_of_one_file_are_tubes_of_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "wells.fcs").write_bytes(_wells(3))
    text = "file,dataset,role,for_sample\nwells.fcs,1,,\nwells.fcs,3,,\nwells.fcs,2,fmo,wells-3\n"
    plan = planned(tmp_path, text)
    assert [(job.sample_id, job.settings.dataset) for job in plan.jobs] == [
        ("wells-1", 1),
        ("wells-3", 3),
    ]
    assert plan.jobs[1].settings.control_datasets == {"fmo": 2}


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("4", "row 2: dataset: found 4, the file has 3"),
        ("0", "row 2: dataset: found '0', expected the number of a data set, from 1"),
        ("two", "row 2: dataset: found 'two', expected the number of a data set, from 1"),
    ],
)
def test_a_data_set_that_is_none_is_a_fault(tmp_path: Path, number: str, fault: str) -> None:
    (tmp_path / "wells.fcs").write_bytes(_wells(3))
    (line,) = faults(tmp_path, f"file,dataset\nwells.fcs,{number}\n")
    assert line.removeprefix("found ") == fault.removeprefix("found ")


def test_a_folder_says_which_wells_it_did_not_take(tmp_path: Path) -> None:
    (tmp_path / "wells.fcs").write_bytes(_wells(3))
    plan = planned(tmp_path, None)
    assert len(plan.jobs) == 1
    assert plan.not_taken == tuple(
        NotTaken(f"wells.fcs, data set {number}", OTHER_SET) for number in (2, 3)
    )


def _wells(count: int) -> bytes:
    """Return a file of several data sets alike."""
    size = len(fcs(keywords={"$NEXTDATA": "000000"}))
    behind = [size] * (count - 1) + [0]
    return b"".join(fcs(keywords={"$NEXTDATA": f"{step:06d}"}) for step in behind)


def test_every_file_that_a_sheet_names_is_looked_at_with_it(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("no,matrix\n", "utf-8")
    (tmp_path / "r.json").write_text("{}", "utf-8")
    text = "file,spillover,laip\na.fcs,m.csv,\nb.fcs,,r.json\nc.fcs,gone.csv,\n"
    lines = faults(tmp_path, text, "a.fcs", "b.fcs", "c.fcs")
    assert [":".join(line.split(":")[:2]) for line in lines] == [
        "row 2: spillover",
        "row 3: laip",
        "row 4: spillover",
    ]


def test_no_more_than_fifty_faults_are_told(tmp_path: Path) -> None:
    lines = faults(tmp_path, "file,timepoint\n" + "gone.fcs,never\n" * 300)
    assert len(lines) == 51
    assert lines[-1].startswith("and ")


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


def test_a_folder_without_a_sample_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "b_FMO-CD5.fcs").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileAccessError, match=r"left out were .*\) and 1 more"):
        make_plan(tmp_path, words={})


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_nothing_to_do_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileAccessError, match=name):
        make_plan(tmp_path / name, words={})
