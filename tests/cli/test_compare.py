"""`cd5flow protocols compare`: results judged by every protocol, in one table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from cd5flow.cli.schema import schema_of
from cd5flow.config.shipped import list_protocols
from support.analysed import CLEAR, NO_CD5, analysis
from support.criteria_factory import tube

if TYPE_CHECKING:
    from cd5flow.model.result import Result
    from support.command_line import Run


def written(folder: Path, result: Result, name: str = "") -> Path:
    place = folder / "results" / (name or result.sample.id)
    place.mkdir(parents=True)
    (place / "result.json").write_text(result.to_json(), encoding="utf-8")
    return place / "result.json"


def clinic(folder: Path, **fields: Any) -> Path:
    file = folder / "clinic.json"
    file.write_text(json.dumps(fields), encoding="utf-8")
    return file


def states(said: dict[str, Any], place: int = 0) -> dict[str, tuple[str, str]]:
    return {
        one["protocol"]["name"]: (one["cd5_state"], one["criterion_state"])
        for one in said["results"][place]["protocols"]
    }


def test_one_table_holds_every_result_and_protocol(cd5flow: Run, tmp_path: Path) -> None:
    written(tmp_path, tube(sample="a", share=85, intensity=50))
    written(tmp_path, tube(sample="b", cd5="DOES_NOT_MEET", share=30))
    ran = cd5flow("protocols", "compare", "results", fresh=True)
    assert (ran.code, ran.told) == (0, [])
    found = re.findall(
        r"^(\w+) +(cd5-\w+-\d+) [\d.]+( \*)? +(>=? \d+ %).*? +([A-Z_]+) +([A-Z_]+) +([A-Z_]+)  ",
        ran.out,
        re.MULTILINE,
    )
    assert [row[:2] for row in found] == [(s, p) for s in "ab" for p in list_protocols()]
    told = {(row[0], row[1]): (row[2].strip(), *row[3:]) for row in found}
    assert told["a", "cd5-cart-70"] == ("*", ">= 70 %", "MEETS", "OVERT", "MET")
    assert told["a", "cd5-cart-50"] == ("", "> 50 %", "MEETS", "OVERT", "REVIEW")
    assert "cd5-cart-50 (NCT03081910): not stated: intensity, age, specimens, disease" in ran.out
    assert "DISEASE_NOT_STATED" in ran.out
    assert max(map(len, ran.out.splitlines()[3:-1])) <= 120
    assert "eligible" not in ran.out.lower()
    assert "nothing was measured again" in ran.out


def test_a_real_result_fits_the_schema(cd5flow: Run, tmp_path: Path) -> None:
    for name in (CLEAR, NO_CD5):
        written(tmp_path, analysis(name).result)
    ran = cd5flow("protocols", "compare", "results", "--json")
    assert (ran.code, ran.err) == (0, "")
    said = json.loads(ran.out)
    jsonschema.validate(said, schema_of("comparison"))
    assert said["schema"] == "cd5flow.comparison/1"
    by_sample = {one["sample"]: i for i, one in enumerate(said["results"])}
    without = states(said, by_sample[analysis(NO_CD5).result.sample.id])
    assert set(without.values()) == {("NOT_EVALUABLE", "NOT_EVALUABLE")}
    clear = analysis(CLEAR).result
    own = states(said, by_sample[clear.sample.id])["cd5-cart-70"]
    assert own == (clear.cd5.state, clear.criterion.state)


def test_a_protocol_of_ones_own_stands_beside(cd5flow: Run, tmp_path: Path) -> None:
    result = written(tmp_path, tube(share=85))
    shown = cd5flow("protocols", "show", "cd5-cart-70").out
    mine = shown.replace("name: cd5-cart-70", "name: mine").replace(
        "threshold_percent: 70", "threshold_percent: 86"
    )
    (tmp_path / "mine.yaml").write_text(mine, "utf-8")
    ran = cd5flow("protocols", "compare", result, "--protocol", "mine.yaml", "--json")
    assert states(json.loads(ran.out))["mine"] == ("DOES_NOT_MEET", "REVIEW")
    again = cd5flow("protocols", "compare", result, "--protocol", "cd5-cart-70", "--json")
    assert set(states(json.loads(again.out))) == set(list_protocols())


def test_what_the_clinic_knows_counts_and_another_patient_is_refused(
    cd5flow: Run, tmp_path: Path
) -> None:
    file = written(tmp_path, tube(cd5="DOES_NOT_MEET", share=40))
    clinical = clinic(tmp_path, patient_id="P01", ihc_cd5_percent=30)
    said = json.loads(cd5flow("protocols", "compare", file, "--clinical", clinical, "--json").out)
    assert states(said)["cd5-cart-70"] == ("DOES_NOT_MEET", "NOT_MET")
    assert said["results"][0]["clinical"] is True
    other = clinic(tmp_path, patient_id="P77")
    ran = cd5flow("protocols", "compare", file, "--clinical", other)
    assert ran.code == 2
    assert "it is of patient 'P77', the result of 'P01'" in ran.complaint


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("gone.json",), 1, "cannot be read"),
        (("empty",), 1, "found no result.json"),
        (("results", "--protocol", "nothing"), 2, "no protocol is named 'nothing'"),
        (("results", "--protocol", "gone.yaml"), 2, "cannot be read"),
        (("results", "--clinical", "gone.yaml"), 2, "cannot be read"),
        ((), 2, "Missing argument"),
    ],
)
def test_exit_codes(
    cd5flow: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, what: str
) -> None:
    written(tmp_path, tube())
    (tmp_path / "empty").mkdir()
    ran = cd5flow("protocols", "compare", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert what in ran.err


def test_help_has_an_example(cd5flow: Run) -> None:
    shown = cd5flow("protocols", "compare", "--help").out
    assert "cd5flow protocols compare results/tube/result.json" in shown
