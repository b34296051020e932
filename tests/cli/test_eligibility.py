"""`cd5flow eligibility`: results and the clinic's file in, every criterion out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cd5flow.config.shipped import list_protocols
from cd5flow.model.result import Result
from support.criteria_factory import CLEAN, tube
from support.report_factory import resealed

if TYPE_CHECKING:
    from support.command_line import Run

IDS = [f"I{i}" for i in range(1, 9)] + [f"E{i}" for i in range(1, 15)]


def written(folder: Path, result: Result, name: str = "") -> Path:
    place = folder / "results" / (name or result.sample.id)
    place.mkdir(parents=True)
    (place / "result.json").write_text(result.to_json(), encoding="utf-8")
    return place / "result.json"


def clinic(folder: Path, name: str = "clinic.json", **fields: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(fields), encoding="utf-8")
    return file


def sheet(folder: Path, *rows: dict[str, Any]) -> Path:
    columns = list(rows[0])
    lines = [",".join(columns)]
    for row in rows:
        cells = ["" if row.get(c) is None else str(row[c]).lower() for c in columns]
        cells[columns.index("patient_id")] = row["patient_id"]
        if "diagnosis" in columns:
            cells[columns.index("diagnosis")] = row["diagnosis"]
        lines.append(",".join(cells))
    file = folder / "clinical.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_table_says_what_is_satisfied_what_is_not_and_what_is_missing(
    cd5flow: Run, tmp_path: Path
) -> None:
    fields = CLEAN | {"age_years": 19, "ecog": None}
    ran = cd5flow(
        "eligibility", written(tmp_path, tube()), "--clinical", clinic(tmp_path, **fields)
    )
    assert (ran.code, ran.told) == (0, [])
    assert "NOT_SATISFIED: 20 satisfied, 1 not satisfied, 1 unknown" in ran.out
    rows = dict(
        re.findall(r"^([IE]\d+) +(satisfied|NOT SATISFIED|unknown) ", ran.out, re.MULTILINE)
    )
    assert list(rows) == IDS
    assert (rows["I2"], rows["I3"], rows["I4"]) == ("satisfied", "NOT SATISFIED", "unknown")
    assert "missing: ecog" in ran.out
    assert "unreviewed" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 120
    assert "eligible" not in ran.out.lower()


def test_json_is_on_stdout_and_in_the_file(cd5flow: Run, tmp_path: Path) -> None:
    result, clinical = written(tmp_path, tube()), clinic(tmp_path, **CLEAN)
    asked = ("eligibility", result, "--clinical", clinical, "--json", "--out", "deep/out.json")
    ran = cd5flow(*asked, fresh=True)
    assert (ran.code, ran.told) == (0, [])
    assert (tmp_path / "deep/out.json").read_text("utf-8") == ran.out
    said = json.loads(ran.out)
    assert (said["schema"], said["overall"]) == ("cd5flow.eligibility/1", "ALL_SATISFIED")
    assert [criterion["id"] for criterion in said["criteria"]] == IDS
    assert "eligible" not in ran.out.lower()


def test_several_results_give_an_array_joined_by_patient(cd5flow: Run, tmp_path: Path) -> None:
    written(tmp_path, tube(sample="a", patient="P01"))
    written(tmp_path, tube(sample="b", patient="P02", cd5="BORDERLINE"))
    written(tmp_path, tube(sample="c", patient="P03"))
    rows = sheet(
        tmp_path,
        CLEAN,
        CLEAN | {"patient_id": "P02", "hiv_positive": True},
        {**CLEAN, "patient_id": "P09"},
    )
    ran = cd5flow("eligibility", "results", "--clinical", rows, "--json")
    said = {one["patient_id"]: one for one in json.loads(ran.out)}
    assert {name: one["overall"] for name, one in said.items()} == {
        "P01": "ALL_SATISFIED",
        "P02": "NOT_SATISFIED",
        "P03": "INCOMPLETE",
    }
    assert "c: patient P03 has no row" in ran.err
    assert "P09" in ran.err
    table = cd5flow("eligibility", "results", "--clinical", rows).out
    assert re.search(r"^P01 +ALL_SATISFIED +22 of 22 +none +none$", table, re.MULTILINE)
    assert re.search(
        r"^P02 .* E8 +I2: ihc_cd5_percent, CD5_BY_FLOW: BORDERLINE$", table, re.MULTILINE
    )
    assert re.search(r"^P03 .* I1-I8, E1-E14: no row in the clinical sheet$", table, re.MULTILINE)


def test_conflicting_results_are_unknown_until_one_is_named(cd5flow: Run, tmp_path: Path) -> None:
    written(tmp_path, tube(sample="a"))
    written(tmp_path, tube(sample="b", cd5="DOES_NOT_MEET"))
    arguments = ("eligibility", "results/a", "results/b", "--clinical", clinic(tmp_path, **CLEAN))
    both = json.loads(cd5flow(*arguments, "--json").out)
    assert (both["overall"], both["criteria"][1]["satisfied"]) == ("INCOMPLETE", None)
    assert "RESULTS_DIFFER" in "\n".join(both["criteria"][1]["evidence"])
    one = json.loads(cd5flow(*arguments, "--json", "--use", "a").out)
    assert one["overall"] == "ALL_SATISFIED"
    assert [sample["used"] for sample in one["samples"]] == [True, False]
    assert cd5flow(*arguments, "--use", "z").complaint.endswith("found 'z', expected one of a, b")


def test_results_without_a_patient_are_never_joined(cd5flow: Run, tmp_path: Path) -> None:
    written(tmp_path, tube(sample="a", patient=None))
    written(tmp_path, tube(sample="b", patient=None))
    ran = cd5flow("eligibility", "results", "--clinical", clinic(tmp_path, **CLEAN), "--json")
    assert ran.code == 0
    said = json.loads(ran.out)
    assert [[sample["id"] for sample in one["samples"]] for one in said] == [["a"], ["b"]]
    lines = [line for one in said for c in one["criteria"] for line in c["evidence"]]
    assert all(line.endswith("(identity not verified)") for line in lines)
    table = cd5flow("eligibility", "results", "--clinical", clinic(tmp_path, **CLEAN)).out
    assert re.search(r"^a +ALL_SATISFIED", table, re.MULTILINE)
    assert re.search(r"^b +ALL_SATISFIED", table, re.MULTILINE)


def test_a_folder_with_one_patient_gives_one_object(cd5flow: Run, tmp_path: Path) -> None:
    written(tmp_path, tube(sample="a"))
    written(tmp_path, tube(sample="b"))
    ran = cd5flow("eligibility", "results", "--clinical", clinic(tmp_path, **CLEAN), "--json")
    said = json.loads(ran.out)
    assert (said["patient_id"], said["overall"]) == ("P01", "ALL_SATISFIED")
    assert [sample["id"] for sample in said["samples"]] == ["a", "b"]


def test_another_patient_is_exit_2(cd5flow: Run, tmp_path: Path) -> None:
    result = written(tmp_path, tube())
    ran = cd5flow("eligibility", result, "--clinical", clinic(tmp_path, patient_id="P77"))
    assert ran.code == 2
    assert "it is of patient 'P77', the result of 'P01'" in ran.complaint


def test_without_both_names_every_line_says_that_identity_is_not_verified(
    cd5flow: Run, tmp_path: Path
) -> None:
    result = written(tmp_path, tube(patient=None))
    ran = cd5flow("eligibility", result, "--clinical", clinic(tmp_path, age_years=3), "--json")
    lines = [line for c in json.loads(ran.out)["criteria"] for line in c["evidence"]]
    assert len(lines) > 22
    assert all(line.endswith("(identity not verified)") for line in lines)


def test_every_fault_of_a_clinical_file_is_a_line(cd5flow: Run, tmp_path: Path) -> None:
    faulty = clinic(
        tmp_path,
        age_years=300,
        ecog=7,
        spo2_percent=970,
        ihc_cd5_percent=150,
        hiv=False,
        diagnosis=3,
    )
    ran = cd5flow("eligibility", written(tmp_path, tube()), "--clinical", faulty)
    assert (ran.code, ran.out) == (2, "")
    told = "\n".join(ran.told)
    for field, value, low_to_high in (
        ("age_years", "300", "0 to 120"),
        ("ecog", "7", "0 to 5"),
        ("spo2_percent", "970", "0 to 100"),
        ("ihc_cd5_percent", "150", "0 to 100"),
    ):
        assert re.search(rf"{field}: .*{low_to_high}, found {value}$", told, re.MULTILINE)
    assert "hiv: unknown field" in told
    assert "diagnosis: should be text, found 3" in told
    assert len(told.splitlines()) == 6


def test_faults_of_a_sheet_name_their_rows(cd5flow: Run, tmp_path: Path) -> None:
    rows = sheet(tmp_path, CLEAN, CLEAN | {"ecog": 7})
    ran = cd5flow("eligibility", written(tmp_path, tube()), "--clinical", rows)
    assert ran.code == 2
    assert "row 3: ecog: should be a whole number, 0 to 5, found 7" in ran.err
    assert "row 3: patient_id: P01 has row 2 already" in ran.err


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{}", "schema: found none"),
        ('{"schema": "cd5flow.eligibility/1"}', "schema: found 'cd5flow.eligibility/1'"),
        ("[1, 2]", "found no JSON object"),
        ("not json", "is no JSON"),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(
    cd5flow: Run, tmp_path: Path, content: str, what: str
) -> None:
    (tmp_path / "other.json").write_text(content, encoding="utf-8")
    ran = cd5flow("eligibility", "other.json", "--clinical", clinic(tmp_path))
    assert ran.code == 1
    assert what in ran.complaint


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("cd5", "percent"), 170),
        (("cd5", "state"), "ELIGIBLE"),
        (("burden", "percent"), "60"),
        (("cd5", "surprise"), 1),
    ],
)
def test_a_changed_result_is_refused_in_one_line(
    cd5flow: Run, tmp_path: Path, path: tuple[str, str], value: object
) -> None:
    file = written(tmp_path, tube())
    content = json.loads(file.read_text("utf-8"))
    content[path[0]][path[1]] = value
    file.write_text(json.dumps(content), encoding="utf-8")
    ran = cd5flow("eligibility", file, "--clinical", clinic(tmp_path))
    assert ran.code == 1
    assert ".".join(path) in ran.complaint


def test_numbers_that_contradict_their_counts_are_refused(cd5flow: Run, tmp_path: Path) -> None:
    file = written(tmp_path, tube())
    content = json.loads(file.read_text("utf-8"))
    content["cd5"]["positive_events"] = 400
    file.write_text(resealed(content), encoding="utf-8")
    ran = cd5flow("eligibility", file, "--clinical", clinic(tmp_path, **CLEAN), "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "cd5.percent: found 95, expected 40 % by its counts" in ran.complaint


def test_absent_files_are_refused(cd5flow: Run, tmp_path: Path) -> None:
    result, clinical = written(tmp_path, tube()), clinic(tmp_path)
    (tmp_path / "empty").mkdir()
    assert cd5flow("eligibility", "gone.json", "--clinical", clinical).code == 1
    assert cd5flow("eligibility", "empty", "--clinical", clinical).code == 1
    assert cd5flow("eligibility", result, "--clinical", "gone.yaml").code == 2
    assert cd5flow("eligibility", result, "--clinical", "gone.csv").code == 2
    assert cd5flow("eligibility", result).code == 2
    assert cd5flow("eligibility", "--clinical", clinical).code == 2
    assert cd5flow("eligibility", result, "--clinical", clinical, "--out", tmp_path).code == 1


def test_the_protocol_is_the_results_own_unless_another_is_named(
    cd5flow: Run, tmp_path: Path
) -> None:
    clinical = clinic(tmp_path, patient_id="P01")
    ninety = written(tmp_path, tube(judged_by="cd5-cart-90"), "ninety")
    said = json.loads(cd5flow("eligibility", ninety, "--clinical", clinical, "--json").out)
    assert said["protocol"]["name"] == "cd5-cart-90"
    by_id = {c["id"]: c["satisfied"] for c in said["criteria"]}
    assert (by_id["I3"], by_id["I4"], by_id["I5"]) == (True, True, None)
    other = cd5flow(
        "eligibility", ninety, "--clinical", clinical, "--json", "--protocol", "cd5-cart-50"
    )
    (cd5,) = (c for c in json.loads(other.out)["criteria"] if c["id"] == "I1")
    assert cd5["satisfied"] is True
    assert "CD5_BY_FLOW: MEETS, 95 % of 1,000 blasts, asked for is > 50 %" in cd5["evidence"]
    assert "judged under cd5-cart-90" in other.err
    seventy = written(tmp_path, tube(sample="x"))
    mixed = cd5flow("eligibility", ninety, seventy, "--clinical", clinical)
    assert mixed.complaint.endswith(
        "results are of cd5-cart-90, cd5-cart-70; say which: --protocol"
    )


def test_a_laboratorys_own_protocol_is_asked_for(cd5flow: Run, tmp_path: Path) -> None:
    result = tube()
    ours = result.model_copy(
        update={"protocol": result.protocol.model_copy(update={"name": "our-trial"})}
    )
    ran = cd5flow("eligibility", written(tmp_path, ours), "--clinical", clinic(tmp_path))
    assert (ran.code, "give its file: --protocol FILE" in ran.complaint) == (2, True)


def test_the_example_in_the_gating_readme_is_right_and_can_be_used(
    cd5flow: Run, root: Path, tmp_path: Path
) -> None:
    text = (root / "gating" / "README.md").read_text("utf-8")
    (example,) = re.findall(
        r"^```yaml\n(format: cd5flow\.protocol/2\n.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    (tmp_path / "our-trial.yaml").write_text(example, encoding="utf-8")
    ran = cd5flow("protocols", "check", "our-trial.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert "our-trial 0.1: no faults" in ran.out
    clinical = clinic(
        tmp_path, patient_id="P01", age_years=71, ever_allo_hsct=False, active_gvhd=False
    )
    asked = ("--clinical", clinical, "--protocol", "our-trial.yaml", "--json")
    said = json.loads(cd5flow("eligibility", written(tmp_path, tube()), *asked).out)
    assert [c["satisfied"] for c in said["criteria"]] == [None, False, True]
    assert said["criteria_complete"] is False


def test_the_gating_readme_tells_every_rule_and_the_shipped_protocols(root: Path) -> None:
    text = (root / "gating" / "README.md").read_text("utf-8")
    for word in ("at_least", "over", "at_most", "below", "meets: ihc", "flow: disease", "event:"):
        assert word in text
    for name in list_protocols():
        assert f"`{name}`" in text


def test_every_fault_of_a_protocol_has_its_place(cd5flow: Run, tmp_path: Path) -> None:
    shown = cd5flow("protocols", "show", "cd5-cart-70").out
    broken = (
        shown.replace("field: ecog, at_most: 2", "field: eccog, at_most: 2")
        .replace("spo2_percent, over: 90", "spo2_percent, over: 100")
        .replace("id: E14", "id: E13")
        .replace("is: newly_diagnosed", "is: new")
    )
    (tmp_path / "mine.yaml").write_text(broken, encoding="utf-8")
    ran = cd5flow("protocols", "check", "mine.yaml")
    assert ran.code == 2
    places = [re.match(r"cd5flow: mine\.yaml:(\d+):\d+: ", line) for line in ran.err.splitlines()]
    assert all(places)
    lines = broken.splitlines()
    for place, what in zip(places, ("is: new", "eccog", "over: 100"), strict=False):
        assert place is not None
        assert what in lines[int(place[1]) - 1]
    assert len(places) == 3  # the double id is told once the rules can be read


def test_analyze_with_a_clinical_file_puts_the_criteria_into_the_report(
    cd5flow: Run, root: Path, tmp_path: Path
) -> None:
    source = root / "sample_fcs" / "p05-cd5-negative-four-colour.fcs"
    arguments = ("analyze", source, "--timepoint", "relapse", "--patient-id", "P05", "--out", "out")
    fields = CLEAN | {"patient_id": "P05", "age_years": 30}
    assert cd5flow(*arguments, "--clinical", clinic(tmp_path, **fields)).code == 0
    (page,) = (tmp_path / "out").glob("*/report.html")
    text = page.read_text("utf-8")
    assert "Criteria of the trial" in text
    assert "age 1 to 18 years, 18 included, in completed years" in text
    assert "eligible" not in text.lower()
