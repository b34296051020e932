"""The order of the steps: one tube from file to result. Read this page first.

File → events → panel → compensation → scales → gates → controls → CD5 cuts → quality → verdicts →
result. One value goes down: what is known of the tube so far (`cd5flow.analysis.stages`). Each step
takes it, and gives it back with what it found; it knows nothing of the next.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cd5flow.analysis.answers import judge_tube
from cd5flow.analysis.cd5_signal import measure_cd5
from cd5flow.analysis.control_tubes import read_controls
from cd5flow.analysis.gates import gate_tube
from cd5flow.analysis.overrides import amend, check_override, gate_by_hand
from cd5flow.analysis.quality import check_quality
from cd5flow.analysis.result import build_analysis
from cd5flow.analysis.rule_files import RuleFiles, load_rule_files
from cd5flow.analysis.settings import Settings
from cd5flow.analysis.stages import Analysis, GatedTube, Tube
from cd5flow.analysis.therapy import withhold_spared_t_cells
from cd5flow.analysis.tube import read_tube
from cd5flow.config.yaml_file import Loaded
from cd5flow.gating.override import Overrides
from cd5flow.numerics.timing import Stage, untimed

__all__ = [
    "Analysis",
    "RuleFiles",
    "Settings",
    "Tube",
    "analyse_by_hand",
    "analyse_tube",
    "load_rule_files",
]


def analyse_tube(path: Path, settings: Settings, *, stage: Stage = untimed) -> Analysis:
    """Analyse one tube. Computes, writes nothing.

    Args:
        path: the FCS file.
        settings: what is asked for.
        stage: marks each stage of the work, for who times them.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol, override file or option that is wrong.
    """
    with stage("rules"):
        rules = load_rule_files(settings)
    with stage("read"):
        tube = read_controls(read_tube(path, settings, rules, stage))
    check_override(tube)
    with stage("gates"):
        gated = gate_tube(tube, stage)
    automatic = _answer(gated, stage)
    if rules.override is None:
        return automatic
    with stage("by hand"):
        return analyse_by_hand(automatic, rules.override)


def analyse_by_hand(automatic: Analysis, override: Loaded[Overrides]) -> Analysis:
    """Analyse a tube again with a person's gates in place of those found.

    Args:
        automatic: the tube analysed without them.
        override: the gates; the file is what the result names, and need not be that of the settings.

    Raises:
        OverrideError: the gates are of another sample, or do not fit the strategy or the tube.
    """
    tube = automatic.tube
    tube = replace(
        tube,
        settings=replace(tube.settings, override=override.path),
        rules=replace(tube.rules, override=override),
    )
    check_override(tube)
    found = replace(automatic, tube=tube)
    gated = gate_by_hand(found, override)
    return amend(_answer(gated), found, loaded=override, plan=gated.plan)


def _answer(gated: GatedTube, stage: Stage = untimed) -> Analysis:
    """Return what a gated tube says: of CD5, of the disease, and how sure that is."""
    with stage("CD5"):
        measured = withhold_spared_t_cells(measure_cd5(gated))
    with stage("quality"):
        checked = check_quality(measured)
    with stage("answer"):
        judged = judge_tube(checked)
    with stage("result"):
        return build_analysis(judged)
