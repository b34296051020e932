"""How many tubes each question needs, and the goals: ``gating/own_validation.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import StrategyError
from cd5flow.model.file_part import FilePart

Few = Annotated[int, Field(ge=2, le=10_000)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LineMethod = Literal["deming", "passing-bablok"]


class LineRule(FilePart):
    """Which line stands as the answer, and Deming's ratio of error variances, found over expected."""

    method: LineMethod
    error_ratio: Positive


class ComparisonRules(FilePart):
    """Of the comparison with what is expected; `least_tubes` counts specimens."""

    least_tubes: Few
    cd5: LineRule
    burden: LineRule


class PrecisionRules(FilePart):
    """Of replicates: with a smaller p-value (Grubbs) a result is named as far from the others."""

    far_p: Annotated[float, Field(gt=0, lt=1)]


class DetectionRules(FilePart):
    """Of blanks and lows.

    Attributes:
        establish, verify: results of each that establish a limit, or verify one.
        normality_p: with a smaller p-value limits go by ranks.
        lloq_cv_percent: largest CV of a quantified result.
        lloq_replicates: fewest results of a level that tell its CV.
    """

    establish: Few
    verify: Few
    normality_p: Annotated[float, Field(gt=0, lt=1)]
    lloq_cv_percent: Positive
    lloq_replicates: Few

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.verify > self.establish:
            raise ValueError(
                f"verify must not exceed establish, found {self.verify} and {self.establish}"
            )
        return self


class LinearityRules(FilePart):
    """Of dilutions: the fewest levels."""

    least_levels: Few


class CarryOverRules(FilePart):
    """From which burden on a tube can be carried over."""

    high_percent: Positive


class StabilityRules(FilePart):
    """Changes that are no change yet: % CD5 in points, the burden in log10."""

    cd5_points: Positive
    burden_log10: Positive


class OwnRules(FilePart):
    """A file of the kind of ``gating/own_validation.yaml``."""

    format: Literal["cd5flow.own-validation/1"]
    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    comparison: ComparisonRules
    precision: PrecisionRules = PrecisionRules(far_p=0.01)
    detection: DetectionRules
    linearity: LinearityRules
    carry_over: CarryOverRules
    stability: StabilityRules


def load_own_rules(path: Path) -> Loaded[OwnRules]:
    """Read the rules of a laboratory's validation.

    Raises:
        StrategyError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, OwnRules, error=StrategyError, rules=True)
