"""How small disease is found, and how often health is taken for it, in simulated follow-up tubes.

    python benchmarks/mrd.py [--seed N] [--events N] [--blank-events N] [--only TEXT]

60 tubes without disease, rich in what looks like blasts; then tubes of 1 to 0.005 % in several
phenotypes, on a surface panel and on one with cytoplasmic CD3. Printed as Markdown: one row a tube,
then one a level.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from cd5flow import simulate as sim
from cd5flow.model.result import BurdenState, Cd5State, Timepoint
from cd5flow.pipeline import Settings, analyse_tube
from series import blank_mrd_tubes, mrd_tubes

CALLED = frozenset({BurdenState.OVERT, BurdenState.MRD_POSITIVE, BurdenState.MRD_BELOW_LLOQ})


@dataclasses.dataclass(frozen=True)
class Found:
    """One tube against its truth."""

    group: str
    name: str
    truth_percent: float
    percent: float | None
    blasts: int
    state: BurdenState
    lineage: str
    truth_cd5: float | None
    cd5: float | None
    cd5_state: Cd5State
    in_band: bool
    f1: float
    reason: str

    @property
    def log_error(self) -> float | None:
        """Error of the burden, decades."""
        if not self.percent or not self.truth_percent:
            return None
        return math.log10(self.percent / self.truth_percent)

    @property
    def called(self) -> bool:
        """Whether disease was called at 0.01 % or above."""
        return self.state in CALLED and (self.percent or 0) >= 0.01

    @property
    def wrong_cd5(self) -> bool:
        """Whether a definite CD5 state contradicts the truth."""
        if self.cd5_state not in {Cd5State.MEETS, Cd5State.DOES_NOT_MEET}:
            return False
        return self.truth_cd5 is None or (self.cd5_state is Cd5State.MEETS) != (
            self.truth_cd5 >= 70
        )


def analysed(group: str, spec: sim.TubeSpec, folder: Path) -> Found:
    """Simulate one tube and analyse it."""
    tube = sim.simulate_tube(spec)
    truth = sim.perfect_gating(tube)
    path = folder / "tube.fcs"
    sim.write_tube(tube, path)
    analysis = analyse_tube(path, Settings(timepoint=Timepoint.MRD, specimen=spec.specimen))
    result = analysis.result
    mask = analysis.gating.members.get("blasts")
    inside = 0 if mask is None else int((mask & tube.truth.blasts).sum())
    total = (0 if mask is None else int(mask.sum())) + int(tube.truth.blasts.sum())
    band = result.cd5.band_percent
    unresolved = [f for f in result.findings if f.startswith(("PATH_", "LINEAGE_UNPROVEN"))]
    return Found(
        group=group,
        name=spec.name,
        truth_percent=truth.blast_percent or 0.0,
        percent=result.burden.percent,
        blasts=result.burden.blast_events,
        state=result.burden.state,
        lineage=result.strategy.lineage,
        truth_cd5=truth.cd5_percent if truth.blast_events else None,
        cd5=result.cd5.percent,
        cd5_state=result.cd5.state,
        in_band=band is not None
        and truth.cd5_percent is not None
        and band[0] <= truth.cd5_percent <= band[1],
        f1=2 * inside / max(total, 1),
        reason="; ".join(unresolved)[:160],
    )


def _number(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


HEAD = (
    "| group | tube | truth % | found % | log10 | blasts | state | F1 | CD5 truth | CD5 | CD5 state |"
    " lineage | notes |\n" + "|---" * 13 + "|"
)


def row(f: Found) -> str:
    """Return a tube's row."""
    cells = (
        f.group,
        f.name,
        _number(f.truth_percent),
        _number(f.percent),
        _number(f.log_error, 2),
        str(f.blasts),
        f.state.value,
        _number(f.f1, 3),
        _number(f.truth_cd5, 1),
        _number(f.cd5, 1),
        f.cd5_state.value + (" WRONG" if f.wrong_cd5 else ""),
        f.lineage,
        f.reason,
    )
    return f"| {' | '.join(cells)} |"


def summary(found: list[Found]) -> Iterator[str]:
    """Yield one row a group."""
    groups: dict[str, list[Found]] = defaultdict(list)
    for f in found:
        groups[f.group].append(f)
    yield (
        "| group | tubes | called at 0.01 % or above | any call | log10 error median / worst |"
        " CD5 points worst | wrong CD5 states | states |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for group, rows in groups.items():
        errors = sorted(abs(f.log_error) for f in rows if f.log_error is not None and f.called)
        points = [
            abs(f.cd5 - f.truth_cd5)
            for f in rows
            if f.cd5 is not None and f.truth_cd5 is not None and f.called
        ]
        states: dict[str, int] = defaultdict(int)
        for f in rows:
            states[f.state.value] += 1
        ends = f"{errors[len(errors) // 2]:.2f} / {errors[-1]:.2f}" if errors else "–"
        cells = (
            group,
            str(len(rows)),
            str(sum(f.called for f in rows)),
            str(sum(f.state in CALLED for f in rows)),
            ends,
            f"{max(points):.1f}" if points else "–",
            str(sum(f.wrong_cd5 for f in rows)),
            ", ".join(f"{n} {s}" for s, n in states.items()),
        )
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Run the series and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--blank-events", type=int, default=300_000)
    parser.add_argument("--only", default="", help="part of a group's name")
    chosen = parser.parse_args()
    tubes = [
        *blank_mrd_tubes(chosen.seed, events=chosen.blank_events),
        *mrd_tubes(chosen.seed, events=chosen.events),
    ]
    found = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for group, spec in tubes:
            if chosen.only in f"{group} {spec.name}":
                found.append(analysed(group, spec, Path(folder)))
                print(row(found[-1]), flush=True)
    print()
    for line in summary(found):
        print(line)


if __name__ == "__main__":
    main()
