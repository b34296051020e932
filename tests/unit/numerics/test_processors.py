"""Processors: affinity and a container's quota."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cd5flow.numerics import processors as module
from cd5flow.numerics.processors import _container_quota, count_processors


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "400000 100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_containers_quota_is_known_in_both_versions_of_control_groups(
    tmp_path: Path, files: dict[str, str], processors: int | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "ascii")
    assert _container_quota(tmp_path) == processors


def test_the_smaller_of_affinity_and_quota_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_container_quota", lambda: None)
    found = count_processors()
    assert 1 <= found <= (os.cpu_count() or 1)
    monkeypatch.setattr(module, "_container_quota", lambda: 1)
    assert count_processors() == 1
    monkeypatch.setattr(module, "_container_quota", lambda: found + 1)
    assert count_processors() == found
