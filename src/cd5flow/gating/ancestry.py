"""What decides on a population: its parent and all it refers to, and what decides on these in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cd5flow.model.names import ALL


def find_ancestors(
    names: Iterable[str], deciders: Callable[[str], Iterable[str]]
) -> dict[str, None]:
    """Return populations with all that decides on them, in the order in which they are met.

    Args:
        names: the populations.
        deciders: what a population is decided by: parents, operands, what edges and methods refer
            to. Nothing decides on `ALL`.
    """
    todo, met = list(names), dict.fromkeys((ALL,))
    while todo:
        name = todo.pop()
        if name not in met:
            met[name] = None
            todo += deciders(name)
    return met
