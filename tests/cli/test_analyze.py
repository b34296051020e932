"""`cd5flow analyze` as a user runs it: folders, streams, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cd5flow.fcs import read_fcs
from support.analysed import CLEAR, FOUR_COLOUR, NO_CD5, cut_tube, fmo_of, tube

if TYPE_CHECKING:
    from support.command_line import Ran, Run

FULL = ("--timepoint", "relapse", "--specimen", "bone_marrow")


def result(out: Path, sample: str = CLEAR) -> Any:
    return json.loads((out / "cd5flow-results" / sample / "result.json").read_text("utf-8"))


def first_line(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return ran.out.splitlines()[0]


def test_a_tube_with_its_fmo_gives_folder_and_summary(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("analyze", tube(CLEAR), *FULL, "--control", f"fmo={fmo_of(CLEAR)}", fresh=True)
    assert (ran.code, ran.err) == (0, "")
    folder = tmp_path / "cd5flow-results" / CLEAR
    assert {path.name for path in folder.iterdir()} == {
        *("result.json", "populations.csv", "gates.xml", "plots", "report.pdf", "report.html")
    }
    written = result(tmp_path)
    assert written["cd5"]["state"] == "MEETS"
    assert written["criterion"]["state"] == "MET"
    cd5 = written["cd5"]
    assert f"{cd5['positive_events']:,} of {cd5['blast_events']:,} blasts" in ran.out
    for words in ("CD5 on the blasts  ", "MEETS\n", "OVERT DISEASE\n", "DRAFT · NOT REVIEWED"):
        assert words in ran.out
    assert ran.out.endswith(f"Files: {Path('cd5flow-results') / CLEAR}\n")
    assert "\x1b" not in ran.out


def test_json_is_the_result_and_nothing_else(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("analyze", tube(CLEAR), "--no-report", "--json")
    assert ran.code == 0
    assert ran.out == (tmp_path / "cd5flow-results" / CLEAR / "result.json").read_text("utf-8")
    again = cd5flow("analyze", tube(CLEAR), "--no-report", "--json", fresh=True)
    assert again.out == ran.out
    assert "nothing changed" in again.err


def test_every_word_reaches_the_result(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "clinic.yaml").write_text("patient_id: P7\ndiagnosis: T-ALL\n", "utf-8")
    ran = cd5flow(
        *("analyze", tube(CLEAR), "--timepoint", "mrd", "--specimen", "peripheral_blood"),
        *("--prior-therapy", "cd7_car", "--prior-therapy", "allo_hsct", "--sample-id", "S 1"),
        *("--patient-id", "P7", "--collected-at", "2026-01-12T20:00", "--protocol", "cd5-cart-50"),
        *("--spillover", "hardware", "--dataset", "1", "--seed", "9", "--out", "here"),
        *("--clinical", "clinic.yaml", "--no-report", "--membership", "--json"),
    )
    assert ran.code == 0, ran.err
    written = json.loads(ran.out)
    sample = written["sample"]
    assert (sample["id"], sample["timepoint"], sample["specimen"]) == (
        "S 1",
        "mrd",
        "peripheral_blood",
    )
    assert sample["prior_therapy"] == ["cd7_car", "allo_hsct"]
    assert (sample["patient_id"], sample["collected_at"]) == ("P7", "2026-01-12T20:00")
    assert written["strategy"]["name"] == "t-all-mrd"
    assert written["protocol"]["name"] == "cd5-cart-50"
    assert written["provenance"]["seed"] == 9
    assert written["provenance"]["settings"]["spillover"] == "hardware"
    assert written["provenance"]["settings"]["clinical"]["diagnosis"] == "T-ALL"
    with np.load(tmp_path / "here" / "S 1" / "membership.npz") as arrays:
        assert arrays["blasts"].shape == (sample["events"],)


def test_a_laboratorys_own_strategy_and_protocol_are_used(cd5flow: Run, tmp_path: Path) -> None:
    for kind, name in (("strategies", "t-all-relapse"), ("protocols", "cd5-cart-70")):
        shown = cd5flow(kind, "show", name).out
        mine = shown.replace(f"name: {name}", "name: our-own", 1)
        (tmp_path / f"{kind}.yaml").write_text(mine, "utf-8")
        assert cd5flow(kind, "check", f"{kind}.yaml").code == 0
    ran = cd5flow(
        *("analyze", tube(CLEAR), "--strategy", "strategies.yaml", "--protocol", "protocols.yaml"),
        *("--no-report", "--json"),
    )
    assert ran.code == 0, ran.err
    written = json.loads(ran.out)
    assert written["strategy"]["name"] == written["protocol"]["name"] == "our-own"


def test_time_point_and_specimen_not_said_are_unknown(cd5flow: Run) -> None:
    written = json.loads(cd5flow("analyze", tube(CLEAR), "--no-report", "--json").out)
    assert written["sample"]["timepoint"] == "unstated"
    assert written["sample"]["specimen"] == "unknown"
    assert written["criterion"]["state"] == "REVIEW"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "expected"),
        (b"PK\x03\x04 a workbook by mistake", "expected FCS"),
    ],
)
def test_what_is_no_tube_is_refused_in_one_line(
    cd5flow: Run, tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "t.fcs").write_bytes(content)
    ran = cd5flow("analyze", "t.fcs")
    assert ran.code == 1
    assert ran.complaint.startswith("cd5flow: t.fcs: ")
    assert said in ran.complaint
    assert not (tmp_path / "cd5flow-results").exists()


def test_a_truncated_tube_is_refused(cd5flow: Run, tmp_path: Path) -> None:
    content = tube(CLEAR).read_bytes()
    (tmp_path / "t.fcs").write_bytes(content[: len(content) // 2])
    ran = cd5flow("analyze", "t.fcs")
    assert ran.code == 1
    assert "12,000" in ran.complaint


def test_a_missing_control_is_refused(cd5flow: Run) -> None:
    ran = cd5flow("analyze", tube(CLEAR), "--control", "fmo=gone.fcs")
    assert ran.code == 1
    assert "gone.fcs" in ran.complaint


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--strategy", "t-all"), "t-all-mrd, t-all-relapse"),
        (("--strategy", "gone.yaml"), "gone.yaml"),
        (("--timepoint", "Relapse"), "diagnosis, relapse, mrd"),
        (("--sample-id", "../x"), "without / and"),
        (("--control", "fmo"), "ROLE=FILE"),
        (("--dataset", "2"), "no data set 2"),
    ],
)
def test_wrong_words_are_exit_2_in_one_line(
    cd5flow: Run, options: tuple[str, ...], said: str
) -> None:
    ran = cd5flow("analyze", tube(CLEAR), *options)
    assert ran.code == 2
    assert said in ran.complaint


def test_a_clinical_file_of_another_patient_is_exit_2(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "clinic.yaml").write_text("patient_id: P2\n", "utf-8")
    ran = cd5flow("analyze", tube(CLEAR), "--patient-id", "P1", "--clinical", "clinic.yaml")
    assert ran.code == 2
    assert "'P2'" in ran.complaint


def test_a_results_folder_that_cannot_be_made_is_exit_1(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    ran = cd5flow("analyze", tube(CLEAR), "--out", "out", "--no-report")
    assert ran.code == 1
    assert "out: cannot be written" in ran.complaint


def test_another_seed_keeps_the_earlier_result(cd5flow: Run, tmp_path: Path) -> None:
    cd5flow("analyze", tube(CLEAR), "--no-report")
    ran = cd5flow("analyze", tube(CLEAR), "--no-report", "--seed", "1")
    assert "previous" in ran.err
    folder = tmp_path / "cd5flow-results" / CLEAR
    assert (folder / "previous" / "1" / "result.json").is_file()
    assert result(tmp_path)["provenance"]["seed"] == 1


class TestTubesThatAllowLess:
    """A readable tube is a result, never an error; what it cannot show is not claimed."""

    def test_without_cd5(self, cd5flow: Run, tmp_path: Path) -> None:
        ran = cd5flow("analyze", tube(NO_CD5), *FULL, "--no-report")
        assert NO_CD5 in first_line(ran)
        cd5 = result(tmp_path, NO_CD5)["cd5"]
        assert (cd5["state"], cd5["percent"]) == ("NOT_EVALUABLE", None)
        assert any(reason.startswith("NO_CD5") for reason in cd5["reasons"])
        assert "no percentage" in ran.out

    def test_of_300_events(self, cd5flow: Run, tmp_path: Path) -> None:
        cut_tube(tmp_path / "small.fcs", events=slice(300))
        ran = cd5flow("analyze", "small.fcs", *FULL)
        assert "small" in first_line(ran)
        written = result(tmp_path, "small")
        assert written["cd5"]["state"] in {"NOT_EVALUABLE", "BORDERLINE"}
        assert written["criterion"]["state"] in {"NOT_EVALUABLE", "REVIEW"}

    def test_a_full_stain_given_as_fmo(self, cd5flow: Run, tmp_path: Path) -> None:
        cut_tube(tmp_path / "sample.fcs", events=slice(0, 6000))
        cut_tube(tmp_path / "stained.fcs", events=slice(6000, None))
        ran = cd5flow("analyze", "sample.fcs", *FULL, "--control", "fmo=stained.fcs", "--no-report")
        assert "stained.fcs: REFUSED" in ran.out
        written = result(tmp_path, "sample")
        (control,) = written["controls"]
        assert not control["accepted"]
        assert any(reason.startswith("NOT_AN_FMO") for reason in control["reasons"])
        assert written["cd5"]["cut"]["method"] != "fmo"
        assert written["criterion"]["state"] == "REVIEW"

    def test_whose_cd5_was_never_pipetted(self, cd5flow: Run, tmp_path: Path) -> None:
        whole = read_fcs(fmo_of(CLEAR))
        assert any("CD5" in (channel.label or "") for channel in read_fcs(tube(CLEAR)).channels)
        cut_tube(tmp_path / "forgotten.fcs", values=whole.events)
        cd5flow("analyze", "forgotten.fcs", *FULL, "--no-report")
        cd5 = result(tmp_path, "forgotten")["cd5"]
        assert (cd5["state"], cd5["percent"]) == ("NOT_EVALUABLE", None)
        assert any(reason.startswith("CD5_REAGENT_UNPROVEN") for reason in cd5["reasons"])

    def test_without_a_spillover_matrix(self, cd5flow: Run, tmp_path: Path) -> None:
        cut_tube(tmp_path / "bare.fcs", without=("SPILL", "$SPILLOVER"))
        cd5flow("analyze", "bare.fcs", *FULL, "--no-report")
        cd5 = result(tmp_path, "bare")["cd5"]
        assert (cd5["state"], cd5["percent"]) == ("NOT_EVALUABLE", None)
        assert any(reason.startswith("NOT_COMPENSATED") for reason in cd5["reasons"])

    def test_compensated_in_hardware(self, cd5flow: Run, tmp_path: Path) -> None:
        cd5flow("analyze", tube(FOUR_COLOUR), *FULL, "--spillover", "hardware", "--no-report")
        reasons = result(tmp_path, FOUR_COLOUR)["cd5"]["reasons"]
        assert not any(reason.startswith("NOT_COMPENSATED") for reason in reasons)


def test_a_profile_tells_seconds_a_stage_and_leaves_the_result_as_it_is(
    cd5flow: Run, tmp_path: Path
) -> None:
    given = ("analyze", tube(CLEAR), "--no-report", "--seed", "3")
    plain = json.loads(cd5flow(*given, "--json", "--out", "plain").out)
    ran = cd5flow(*given, "--json", "--out", "timed", "--profile", "profile.json")
    timed = json.loads(ran.out)
    assert timed.keys() == plain.keys()
    of_the_run = {"provenance", "digest"}
    assert {k: v for k, v in timed.items() if k not in of_the_run} == {
        k: v for k, v in plain.items() if k not in of_the_run
    }
    profile = json.loads((tmp_path / "profile.json").read_text(encoding="utf-8"))
    stages = {each["stage"]: each["seconds"] for each in profile["stages"]}
    assert {"rules", "read", "read/file", "gates", "gates/stable", "write"} <= stages.keys()
    whole = [seconds for name, seconds in stages.items() if "/" not in name]
    assert profile["seconds"] == pytest.approx(sum(whole))
    assert ran.err.splitlines()[0].split() == ["stage", "seconds", "%"]


def test_a_profile_that_cannot_be_written_is_exit_1(cd5flow: Run) -> None:
    ran = cd5flow("analyze", tube(CLEAR), "--no-report", "--profile", "absent/profile.json")
    assert ran.code == 1
    assert ran.complaint.startswith("cd5flow: absent/profile.json: cannot be written")
