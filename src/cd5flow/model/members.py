"""Who is in the populations of a tube, a bit an event.

A tube has some thirty populations: as masks they would take more room than its signals do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from weakref import ref

import numpy as np

from cd5flow.model.events import Mask


class Population:
    """Who is in one population; its mask is made anew when it is asked for and nobody has it.

    Attributes:
        count: how many there are.
    """

    __slots__ = ("_bits", "_held", "_whole", "count")

    def __init__(self, mask: Mask) -> None:
        self.count = int(np.count_nonzero(mask))
        self._bits = np.packbits(mask)
        self._whole = mask.size
        self._held = None if mask.flags.writeable else ref(mask)

    @property
    def mask(self) -> Mask:
        """A mask over all events, read-only."""
        held = None if self._held is None else self._held()
        if held is None:
            held = np.unpackbits(self._bits, count=self._whole).view(np.bool_)
            held.flags.writeable = False
            self._held = ref(held)
        return held


class Members(Mapping[str, Mask]):
    """Population name to its mask in file order, read-only.

    Args:
        masks: the populations that there are already, with ``all`` among them.
    """

    def __init__(self, masks: Mapping[str, Mask] | None = None) -> None:
        self._populations: dict[str, Population] = {}
        for name, mask in (masks or {}).items():
            self.add(name, Population(mask))

    def __getitem__(self, name: str) -> Mask:
        return self._populations[name].mask

    def __contains__(self, name: object) -> bool:
        return name in self._populations

    def __iter__(self) -> Iterator[str]:
        return iter(self._populations)

    def __len__(self) -> int:
        return len(self._populations)

    def count(self, name: str) -> int | None:
        """Return how many events a population has; None where there is none of that name."""
        population = self._populations.get(name)
        return None if population is None else population.count

    def copy(self) -> Members:
        """Return the same populations, to which others may be added."""
        copied = Members()
        copied._populations.update(self._populations)
        return copied

    def without(self, name: str) -> Members:
        """Return these populations but for one."""
        others = Members()
        for other, population in self._populations.items():
            if other != name:
                others.add(other, population)
        return others

    def add(self, name: str, population: Population) -> None:
        """Add a population."""
        self._populations[name] = population

    def __or__(self, others: Mapping[str, Mask]) -> Members:
        """Return these populations and others."""
        joined = self.copy()
        for name, mask in others.items():
            joined.add(name, Population(mask))
        return joined
