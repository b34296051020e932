from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cd5flow.analysis.settings import make_settings, recorded
from cd5flow.batch.tube_settings import settings_of
from cd5flow.pipeline import analyse_tube
from support.review_factory import CLEAR, laboratory

if TYPE_CHECKING:
    from cd5flow.model.result import Result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    lab = laboratory(tmp_path_factory.mktemp("lab"))
    words: dict[str, Any] = {"strategy": lab.tubes / "small.yaml", "spillover": "hardware"}
    chosen = make_settings(specimen="bone_marrow", **words)
    settings = chosen.said_by({"specimen": "cd5flow.yaml", "protocol": "default"})
    return analyse_tube(lab.tubes / f"{CLEAR}.fcs", settings).result, lab.tubes


def test_what_was_said_of_a_tube_is_said_again(result: tuple[Result, Path]) -> None:
    stored, tubes = result
    settings = settings_of(stored, lambda name, _: tubes / name, diagnosis=lambda _: None)
    again = recorded(settings)
    assert again == {name: stored.provenance.settings[name] for name in again}


def test_where_it_came_from_is_kept_too(result: tuple[Result, Path]) -> None:
    stored, tubes = result
    settings = settings_of(stored, lambda name, _: tubes / name, diagnosis=lambda _: None)
    assert settings.origins == stored.provenance.origins
    assert settings.origins["specimen"] == "cd5flow.yaml"
