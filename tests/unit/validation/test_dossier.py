"""The folder for an auditor: requirements with tests that exist, every package with a licence, the acts."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from cd5flow.config.shipped import requirements_file
from cd5flow.errors import FileAccessError
from cd5flow.validation.dossier import (
    load_requirements,
    requirement_rows,
    software_rows,
    write_dossier,
)
from support.paths import ROOT


def test_every_requirement_has_tests_that_are_there() -> None:
    rows = list(requirement_rows(load_requirements(requirements_file()).value, ROOT))
    assert len(rows) >= 15
    assert [row["id"] for row in rows if row["found"] != "yes"] == []
    assert len({row["id"] for row in rows}) == len(rows)


def test_without_the_source_nothing_is_said_to_be_tested(tmp_path: Path) -> None:
    rows = list(requirement_rows(load_requirements(requirements_file()).value, tmp_path))
    assert {row["found"] for row in rows} == {"no"}
    assert {row["functions"] for row in rows} == {None}


def test_the_software_is_listed_with_versions_and_licences() -> None:
    rows = {str(row["name"]).lower(): row for row in software_rows()}
    if "cd5flow" not in rows:
        pytest.skip("cd5flow is not installed here, only imported")
    assert rows["numpy"]["version"]
    assert rows["numpy"]["direct"] == "yes"
    assert all(row["licence"] for row in rows.values())


def test_the_folder_names_its_files_and_what_is_missing(tmp_path: Path) -> None:
    validation = tmp_path / "validation"
    validation.mkdir()
    (validation / "validation.json").write_text("{}", "utf-8")
    out = tmp_path / "out"
    made = write_dossier(
        out,
        load_requirements(requirements_file()),
        validations=[validation],
        results=None,
        source=ROOT,
    )
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    for name, sha256 in manifest["files"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == sha256
    assert set(made.files) == {*manifest["files"], "manifest.json"}
    assert "validation-1/validation.json" in made.files
    assert made.missing == ("no results folder was named (--results RESULTS)",)
    rows = list(csv.DictReader((out / "requirements.csv").read_text("utf-8").splitlines()))
    assert int(rows[0]["functions"]) > 0
    assert "no diagnosis" in (out / "intended-use.md").read_text("utf-8")


def test_folders_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    requirements = load_requirements(requirements_file())
    with pytest.raises(FileAccessError, match=r"found no validation\.json"):
        write_dossier(tmp_path / "o", requirements, validations=[tmp_path], results=None)
    with pytest.raises(FileAccessError, match=r"found no ledger\.sqlite3"):
        write_dossier(tmp_path / "o", requirements, validations=[], results=tmp_path)
    assert not (tmp_path / "o").exists()
