"""`export`: results for other systems."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cd5flow.config.shipped import codes_file
from cd5flow.interop.codes import load_codes
from cd5flow.interop.fhir_reader import read_fhir
from cd5flow.model.result import ReviewSection
from cd5flow.report.pdf import render_pdf
from support.report_factory import make_cd5, make_result, make_sample

if TYPE_CHECKING:
    from support.command_line import Run


def stored(folder: Path, name: str = "tube-1", **changes: Any) -> Path:
    folder = folder / name
    folder.mkdir(parents=True)
    path = folder / "result.json"
    result = make_result(**{"sample": make_sample(id=name), **changes})
    path.write_text(result.to_json(), encoding="utf-8")
    return path


def test_fhir_on_stdout_is_a_bundle_that_reads_back(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("export", stored(tmp_path), "--format", "fhir")
    assert ran.code == 0
    bundle = json.loads(ran.out)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    (reading,) = read_fhir(bundle, load_codes().value)
    assert (reading.status, reading.cd5.percent) == ("preliminary", 69.3)


def test_a_document_is_asked_for_by_name(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("export", stored(tmp_path), "--format", "fhir", "--bundle", "collection")
    bundle = json.loads(ran.out)
    assert bundle["type"] == "collection"
    assert all("request" not in entry for entry in bundle["entry"])


def test_a_folder_of_results_is_all_of_them(cd5flow: Run, tmp_path: Path) -> None:
    for name in ("tube-2", "tube-1"):
        stored(tmp_path / "results", name)
    ran = cd5flow("export", "results", "--format", "csv")
    assert [row["sample"] for row in csv.DictReader(io.StringIO(ran.out))] == ["tube-1", "tube-2"]
    one = cd5flow("export", "results/tube-2", "--format", "csv")
    assert [row["sample"] for row in csv.DictReader(io.StringIO(one.out))] == ["tube-2"]


def test_a_folder_without_results_is_refused(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = cd5flow("export", "empty", "--format", "csv")
    assert ran.code == 1
    assert "empty: found no result.json in it or in its folders" in ran.complaint


def test_equal_runs_give_equal_bytes(cd5flow: Run, tmp_path: Path) -> None:
    path = stored(tmp_path)
    once, again = (
        cd5flow("export", path, "--format", "fhir", fresh=fresh).out for fresh in (False, True)
    )
    assert once == again != ""


def test_several_results_are_rows_of_one_csv(cd5flow: Run, tmp_path: Path) -> None:
    paths = [stored(tmp_path, name) for name in ("tube-1", "tube-2")]
    ran = cd5flow("export", *paths, "--format", "csv", fresh=True)
    assert (ran.code, ran.told) == (0, [])
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["sample"] for row in rows] == ["tube-1", "tube-2"]


def test_the_report_beside_a_result_is_enclosed_unless_unwanted(
    cd5flow: Run, tmp_path: Path
) -> None:
    path = stored(tmp_path)
    pdf = render_pdf(make_result())
    (path.parent / "report.pdf").write_bytes(pdf)
    with_it = json.loads(cd5flow("export", path, "--format", "fhir").out)
    (form,) = with_it["entry"][0]["resource"]["presentedForm"]
    assert base64.b64decode(form["data"]) == pdf
    without = json.loads(cd5flow("export", path, "--format", "fhir", "--no-pdf").out)
    assert "presentedForm" not in without["entry"][0]["resource"]


def test_a_review_that_no_ledger_proves_makes_nothing_final(cd5flow: Run, tmp_path: Path) -> None:
    path = stored(tmp_path, review=ReviewSection(state="confirmed", by="R7"))
    ran = cd5flow("export", path, "--format", "fhir")
    report = json.loads(ran.out)["entry"][0]["resource"]
    assert report["status"] == "preliminary"
    assert "R7" not in ran.out


def test_a_report_of_another_review_is_not_enclosed(cd5flow: Run, tmp_path: Path) -> None:
    path = stored(tmp_path)
    other = make_result(review=ReviewSection(state="confirmed", by="R7"))
    (path.parent / "report.pdf").write_bytes(render_pdf(other))
    ran = cd5flow("export", path, "--format", "fhir")
    assert "presentedForm" not in json.loads(ran.out)["entry"][0]["resource"]
    assert "before its review; not enclosed" in ran.err


def test_a_file_is_written_and_stdout_stays_empty(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("export", stored(tmp_path), "--format", "csv", "--out", "out.csv")
    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith("schema,sample,")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "tube-1"]


def test_a_site_uses_its_own_table_of_codes(cd5flow: Run, tmp_path: Path) -> None:
    text = codes_file().read_text(encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("urn:cd5flow:", "https://example.org/"), encoding="utf-8")
    ran = cd5flow("export", stored(tmp_path), "--format", "fhir", "--codes", own)
    assert ran.code == 0
    assert "https://example.org/codes" in ran.out
    assert "urn:cd5flow:" not in ran.out


def test_a_contradiction_is_refused_whatever_the_digest(cd5flow: Run, tmp_path: Path) -> None:
    path = stored(tmp_path, cd5=make_cd5(percent=99.0))
    ran = cd5flow("export", path, "--format", "csv")
    assert (ran.code, ran.out) == (1, "")
    assert "cd5.percent: found 99, expected 69.32 % by its counts" in ran.complaint


def test_a_result_by_other_rules_is_told_to_be_checked_by_its_digest_alone(
    cd5flow: Run, tmp_path: Path
) -> None:
    ran = cd5flow("export", stored(tmp_path), "--format", "csv")
    assert ran.code == 0
    assert "provenance.rules: found none, expected 1: its digest was checked" in ran.err


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: r.update(schema="cd5flow.result/2"), "found 'cd5flow.result/2'"),
        (lambda r: r["cd5"].update(percent=150), "cd5.percent: found 150"),
        (lambda r: r["criterion"].update(state="ELIGIBLE"), "criterion.state: found 'ELIGIBLE'"),
        (lambda r: r.pop("burden"), "burden: is missing"),
    ],
)
@pytest.mark.parametrize("format_", ["fhir", "csv"])
def test_a_result_that_cannot_be_is_refused_in_one_line(
    cd5flow: Run, tmp_path: Path, spoil: Any, said: str, format_: str
) -> None:
    path = stored(tmp_path)
    plain = json.loads(path.read_text(encoding="utf-8"))
    spoil(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")
    ran = cd5flow("export", path, "--format", format_)
    assert ran.code == 1
    assert str(path) in ran.complaint
    assert said in ran.complaint


def test_an_absent_result_and_other_files_are_refused(cd5flow: Run, tmp_path: Path) -> None:
    absent = cd5flow("export", "none.json", "--format", "csv")
    assert absent.code == 1
    assert "none.json: cannot be read" in absent.complaint
    (tmp_path / "text.json").write_text("no JSON", encoding="utf-8")
    other = cd5flow("export", "text.json", "--format", "csv")
    assert other.code == 1
    assert "is no JSON: line 1" in other.complaint


def test_one_bad_result_among_several_writes_nothing(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("export", stored(tmp_path), "none.json", "--format", "csv", "--out", "out.csv")
    assert ran.code == 1
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "xml"), "format: found 'xml', expected fhir or csv or fcs or archive"),
        (("--format", "csv", "--codes", "c.yaml"), "codes: a CSV has none"),
        (("--format", "csv", "--bundle", "collection"), "bundle: a CSV is none"),
        (("--format", "fhir", "--codes", "c.yaml"), "c.yaml: cannot be read"),
        (("--format", "csv", "--out", "tube-1/result.json"), "which is a result to be read"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    cd5flow: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    path = stored(tmp_path)
    before = path.read_bytes()
    ran = cd5flow("export", path, *words)
    assert ran.code == 2
    assert said in ran.complaint
    assert path.read_bytes() == before


def test_another_kind_of_bundle_is_wrong_usage(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("export", stored(tmp_path), "--format", "fhir", "--bundle", "batch")
    assert (ran.code, ran.out) == (2, "")
    assert "--bundle" in ran.err


def test_the_same_result_twice_is_wrong_usage(cd5flow: Run, tmp_path: Path) -> None:
    path = stored(tmp_path)
    ran = cd5flow("export", path, path, "--format", "fhir")
    assert ran.code == 2
    assert "found twice" in ran.complaint


def test_a_file_that_cannot_be_written_is_refused(cd5flow: Run, tmp_path: Path) -> None:
    ran = cd5flow("export", stored(tmp_path), "--format", "csv", "--out", "none/out.csv")
    assert ran.code == 1
    assert "cannot be written" in ran.complaint


def test_without_a_format_the_usage_is_shown(cd5flow: Run, tmp_path: Path) -> None:
    assert cd5flow("export", stored(tmp_path)).code == 2
