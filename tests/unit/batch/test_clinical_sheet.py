"""A clinical sheet: a row a patient, unknown cells empty, every fault with its row."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from cd5flow.batch.clinical_sheet import is_sheet, load_clinical_sheet
from cd5flow.criteria.clinical import Clinical
from cd5flow.errors import ClinicalError

HEAD = "patient_id,diagnosis,disease_status,assessed_on,age_years,ecog,spo2_percent,hiv_positive"


def sheet(path: Path, *rows: str, head: str = HEAD) -> Path:
    file = path / "clinical.csv"
    file.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return file


def faults(file: Path) -> list[str]:
    with pytest.raises(ClinicalError) as caught:
        load_clinical_sheet(file)
    assert caught.value.exit_code == 2
    return [line.removeprefix(f"{file}: ") for line in caught.value.message.splitlines()]


def test_a_row_is_what_a_clinical_file_would_be(tmp_path: Path) -> None:
    read = load_clinical_sheet(
        sheet(tmp_path, "P01,T-ALL,relapsed,2026-02-01,9.5,1,98,false", "P02,,,,,,,")
    )
    assert list(read) == ["P01", "P02"]
    assert read["P01"] == Clinical.model_validate(
        {
            "patient_id": "P01",
            "diagnosis": "T-ALL",
            "disease_status": "relapsed",
            "assessed_on": "2026-02-01",
            "age_years": 9.5,
            "ecog": 1,
            "spo2_percent": 98,
            "hiv_positive": False,
        }
    )
    assert read["P02"] == Clinical(patient_id="P02")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("FALSE", False), ("True", True)])
def test_truth_is_true_or_false_in_any_case(
    tmp_path: Path,
    text: str,
    value: bool,  # noqa: FBT001
) -> None:
    read = load_clinical_sheet(sheet(tmp_path, f"P01,,,,,,,{text}"))
    assert read["P01"].hiv_positive is value


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_part_cells_too(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "clinical.csv"
    rows = [HEAD, "P01,T-ALL,Relapsed,2026-02-01,9.5,1,98,"]
    file.write_text("\n".join(rows).replace(",", delimiter), encoding="utf-8-sig")
    assert load_clinical_sheet(file)["P01"].age_years == 9.5


def test_a_workbook_is_read_as_it_is_shown(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(HEAD.split(","))
    page.append(["P01", "T-ALL", "relapsed", datetime(2026, 2, 1), 9.5, 1.0, 98, False])  # noqa: DTZ001
    page.append([12, None, None, None, None, None, None, True])
    book.save(tmp_path / "clinical.xlsx")
    read = load_clinical_sheet(tmp_path / "clinical.xlsx")
    assert read["P01"].assessed_on == date(2026, 2, 1)
    assert (read["P01"].ecog, read["P01"].hiv_positive) == (1, False)
    assert read["12"].hiv_positive is True


def test_every_fault_is_told_with_its_row_field_value_and_range(tmp_path: Path) -> None:
    file = sheet(
        tmp_path,
        "P01,T-ALL,cured,2026-02-01,300,7,970,false",
        "P02,,,31.01.2026,nine,1.5,98,yes",
        "P01,,,,,,,",
        ",T-ALL,,,,,,",
        "P05,NA,,,unknown,,,1",
        'P06,,,,"3,5",,,,surplus',
    )
    assert faults(file) == [
        "row 2: age_years: should be a number, 0 to 120, found 300",
        (
            "row 2: disease_status: should be one of newly_diagnosed, refractory, relapsed, "
            'remission, found "cured"'
        ),
        "row 2: ecog: should be a whole number, 0 to 5, found 7",
        "row 2: spo2_percent: should be a number, 0 to 100, found 970",
        'row 3: age_years: should be a number, 0 to 120, found "nine"',
        (
            "row 3: assessed_on: should be a valid date in the format YYYY-MM-DD, invalid character "
            'in year, found "31.01.2026"'
        ),
        "row 3: ecog: should be a whole number, 0 to 5, found 1.5",
        'row 3: hiv_positive: should be true or false, found "yes"',
        "row 4: patient_id: P01 has row 2 already",
        "row 5: patient_id: is empty, expected the id that joins row and result",
        "row 6: age_years: found 'unknown'; leave the cell empty where it is unknown",
        "row 6: diagnosis: found 'NA'; leave the cell empty where it is unknown",
        'row 6: hiv_positive: should be true or false, found "1"',
        "row 7: 9 cells, the first row names 8 columns",
        'row 7: age_years: should be a number, 0 to 120, found "3,5"',
    ]


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ("patient_id,hiv", "row 1: column 'hiv' is no clinical field"),
        ("patient_id,ecog,ecog", "row 1: column 'ecog' stands 2 times"),
        ("age_years", "row 1: no column 'patient_id', which joins rows and results"),
    ],
)
def test_columns_are_the_fields(tmp_path: Path, head: str, fault: str) -> None:
    assert fault in faults(sheet(tmp_path, "P01", head=head))


def test_fields_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    head = "patient_id,ever_allo_hsct,months_since_allo_hsct"
    (fault,) = faults(sheet(tmp_path, "P01,false,7", head=head))
    assert fault.startswith("row 2: ever_allo_hsct is false, yet")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"PK\x03\x04nothing", HEAD.encode()])
def test_what_is_no_sheet_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "clinical.csv"
    file.write_bytes(content)
    assert faults(file)


@pytest.mark.parametrize("text", ["1" * 5000, "1e9999", "9" * 400, "١٢"])
def test_absurd_numbers_are_faults(tmp_path: Path, text: str) -> None:
    (fault,) = faults(sheet(tmp_path, f"P01,,,,{text},,,"))
    assert fault.startswith("row 2: age_years: should be a number, 0 to 120")


def test_a_sheet_is_told_by_its_name() -> None:
    assert all(is_sheet(Path(name)) for name in ("a.csv", "a.XLSX", "a.tsv"))
    assert not any(is_sheet(Path(name)) for name in ("a.yaml", "a.json", "a"))
