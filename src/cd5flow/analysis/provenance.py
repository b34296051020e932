"""With what, and when, a result was computed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any

from cd5flow._version import __version__
from cd5flow.model.result import ProvenanceSection, RedoSection

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "flowkit",
    "flowio",
    "flowutils",
    "matplotlib",
    "pydantic",
)
"""Packages whose versions are recorded."""


RULES = 1
"""Number of the rules by which states follow from the numbers of a result; raised when these change."""


def section(
    *,
    seed: int,
    settings: dict[str, Any],
    origins: Mapping[str, str],
    inputs_sha256: str | None = None,
    redo: RedoSection | None = None,
) -> ProvenanceSection:
    """Return the provenance of a result computed now."""
    return ProvenanceSection(
        cd5flow=__version__,
        python=python(),
        packages=dict(versions()),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        settings=settings,
        origins=dict(origins),
        rules=RULES,
        inputs_sha256=inputs_sha256,
        redo=redo,
    )


def python() -> str:
    """Return Python's version."""
    return platform.python_version()


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Return the installed versions, without importing the packages."""
    found = []
    for name in PACKAGES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
