"""What gates say of the blasts' lineage, some of it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from cd5flow.model.populations import Lineage

PROVEN: Final = Lineage(name="cyCD3+ sCD3-", rule="cyCD3+ sCD3-", cluster=True)
"""A cluster of blasts by a rule that proves them."""

_FACTS: Final = frozenset(field.name for field in fields(Lineage))


def with_lineage(said: Mapping[str, Any], lineage: Lineage = PROVEN) -> dict[str, Any]:
    """Return arguments in which those that are facts of the lineage are put into one."""
    facts = {name: value for name, value in said.items() if name in _FACTS}
    rest = {name: value for name, value in said.items() if name not in _FACTS}
    return {**rest, "lineage": replace(lineage, **facts)}
