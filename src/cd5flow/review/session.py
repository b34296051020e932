"""One tube in memory: found once, then gated anew by what is drawn on it.

Everything that is shown is counted here, on all events. The same gates in an override file give the
same result by `cd5flow analyze --override`, to the last event.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from cd5flow.analysis.redo import override_file
from cd5flow.analysis.settings import Settings
from cd5flow.config.yaml_file import Loaded, loads_yaml
from cd5flow.errors import OverrideError
from cd5flow.gating.ancestry import find_ancestors
from cd5flow.gating.apply import inside_of
from cd5flow.gating.override import Overrides
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Boolean, Region, Shape, dimensions
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE, DENOMINATOR, LOOK_ALIKES
from cd5flow.model.populations import Gate, GateTree
from cd5flow.model.region_file import write_region
from cd5flow.pipeline import Analysis, analyse_by_hand, analyse_tube
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.review.bitmap import Colour, density_png
from cd5flow.review.drafts import DrawnAct
from cd5flow.review.versions import OVERRIDE
from cd5flow.review.views import View, beside, redrawn, views_of

NO_REASON: Final = "no reason given yet"


@dataclass(frozen=True, slots=True)
class Moved:
    """How a population differs from the automatic one.

    Attributes:
        events: as it stands; None where it is not gated.
        automatic: as it was found; None where it was not.
        gained: in it, and not in the automatic one.
        lost: in the automatic one, and not in it.
    """

    events: int | None
    automatic: int | None
    gained: int
    lost: int


class TubeSession:
    """A tube that is being reviewed.

    Attributes:
        automatic: the tube analysed without anything drawn.
        now: the tube as it stands.
        plotted: the axes of its pictures, which stay as they are whatever is drawn.
    """

    def __init__(self, automatic: Analysis) -> None:
        self.automatic = automatic
        self.now = automatic
        self.plotted = PlottedTube(automatic.tube, automatic.gating)
        self._counted: tuple[str, Analysis, Mask] | None = None
        self._working = threading.Lock()

    @classmethod
    def open(cls, path: Path, settings: Settings) -> TubeSession:
        """Analyse a tube and keep it.

        Raises:
            Cd5FlowError: it cannot be analysed.
        """
        return cls(analyse_tube(path, settings))

    @property
    def tree(self) -> GateTree:
        """Its gates as they stand."""
        return self.now.gating.tree

    def draw(self, gates: Mapping[str, DrawnAct]) -> Analysis:
        """Return the tube analysed with gates in place of those found; nothing changes yet.

        Raises:
            OverrideError: they do not fit the tube.
        """
        if not gates:
            return self.automatic
        with self._working:
            return analyse_by_hand(self.automatic, self.override(gates))

    def show(self, analysis: Analysis) -> None:
        """Take an analysis for what stands now."""
        self.now = analysis
        self._counted = None

    def override(self, gates: Mapping[str, DrawnAct]) -> Loaded[Overrides]:
        """Return drawn gates as an override file.

        Raises:
            OverrideError: it is none.
        """
        return loads_yaml(self.override_text(gates), Overrides, error=OverrideError, name=OVERRIDE)

    def override_text(self, gates: Mapping[str, DrawnAct]) -> str:
        """Return the text of that file."""
        return json.dumps(self.override_content(gates), indent=2, ensure_ascii=False) + "\n"

    def override_content(self, gates: Mapping[str, DrawnAct]) -> dict[str, Any]:
        """Return what that file holds: of several who drew, the last stands at its head."""
        tube = self.automatic.tube
        content = override_file(
            {name: dict(act.region or {}) for name, act in gates.items()},
            sample_id=tube.sample_id,
            sha256=tube.fcs.sha256,
        )
        last = max(gates.values(), key=lambda act: act.at)
        content |= {"by": last.by, "date": last.at, "reason": last.reason or NO_REASON}
        for entry in content["gates"]:
            act = gates[entry["gate"]]
            entry["reason"] = act.reason or NO_REASON
        return content

    def region(self, name: str) -> Region:
        """Return a gate's region as it stands.

        Raises:
            KeyError: there is no such gate.
        """
        return self.tree[name].region

    def redrawn(self, name: str, drawing: Mapping[str, Any]) -> Shape:
        """Return a gate's region as the page draws it.

        Raises:
            KeyError: there is no such gate.
            OverrideError: no region can be so.
        """
        return redrawn(self.region(name), drawing, self.automatic.tube)

    def count(self, name: str, region: Shape) -> tuple[int, int]:
        """Return how many of a gate's parent lie in a region, and how many the parent has.

        The gate alone: what stands below it is found anew when the region is drawn.
        """
        gate = self.tree[name]
        parent = self._parent(gate)
        columns = self.automatic.tube.columns
        values = [columns.column(axis) for axis in dimensions(region)]
        inside = inside_of(region, values, parent)
        return int(np.count_nonzero(inside)), self.now.gating.count(gate.parent) or 0

    def _parent(self, gate: Gate) -> Mask:
        kept = self._counted
        if kept is None or kept[0] != gate.parent or kept[1] is not self.now:
            mask = self.now.gating.members[gate.parent]
            kept = self._counted = gate.parent, self.now, mask
        return kept[2]

    def views(self, name: str) -> tuple[View, ...]:
        """Return every picture of a gate.

        Raises:
            KeyError: there is no such gate.
        """
        return views_of(self.plotted, self.tree, name)

    def beside(self, view: View) -> dict[str, Any] | None:
        """Return the automatic gate on a view's axes, where the gate that stands is another."""
        found = self.automatic.gating.tree
        if view.gate not in found or found[view.gate].region == self.region(view.gate):
            return None
        return beside(self.plotted, view, found[view.gate].region)

    def picture(self, view: View, population: str | None, colour: Colour | None) -> bytes:
        """Return the density of a view's parent, or of a population among it.

        Raises:
            KeyError: there is no such population.
        """
        members = self.now.gating.members
        mask = members[view.parent]
        if population is not None:
            mask = mask & members[population]
        return density_png(self.automatic.tube.columns, mask, view.x, view.y, colour=colour)

    def moved(self, name: str) -> Moved:
        """Return how a population differs from the automatic one."""
        before, after = self.automatic.gating, self.now.gating
        if before is after:
            events = after.count(name)
            return Moved(events, events, 0, 0)
        a, b = before.members.get(name), after.members.get(name)
        if a is None or b is None:
            now, then = after.count(name), before.count(name)
            return Moved(now, then, now or 0, then or 0)
        gained, lost = int(np.count_nonzero(b & ~a)), int(np.count_nonzero(a & ~b))
        return Moved(after.count(name), before.count(name), gained, lost)

    def deciding(self) -> tuple[str, ...]:
        """Return the gates that the answer rests on, in gating order."""
        return deciding_gates(self.tree)

    def regions(self) -> dict[str, str]:
        """Return each gate's region and count as one text, to see whether a gate is still as it was shown."""
        gating = self.now.gating
        return {
            gate.name: json.dumps([write_region(gate.region), gating.count(gate.name)])
            for gate in gating.tree.gates
        }


def deciding_gates(tree: GateTree) -> tuple[str, ...]:
    """Return the gates that an answer rests on, in gating order.

    Those are the blasts, all that leads to them, and the CD5 cut; without blasts, what leads to where
    they would be, and the denominator.
    """
    ends = [name for name in (BLASTS, CD5_POSITIVE) if name in tree]
    if not ends:
        ends = [name for name in (LOOK_ALIKES, DENOMINATOR) if name in tree]

    def deciders(name: str) -> list[str]:
        gate = tree[name]
        operands = gate.region.operands if isinstance(gate.region, Boolean) else ()
        return [gate.parent, *(operand.gate for operand in operands)]

    met = find_ancestors(ends, deciders)
    return tuple(gate.name for gate in tree.gates if gate.name in met and gate.name != ALL)
