"""What each part of an export is called in other systems: ``gating/codes.yaml`` or a site's own copy.

A code of a public system goes out only where a person has verified it; everything goes out as a local
code with a text.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from cd5flow.config.shipped import codes_file
from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import OptionError
from cd5flow.model.file_part import FilePart
from cd5flow.model.result import BurdenState, Cd5State, CriterionState, QualityState, Specimen


class Concept(StrEnum):
    """What an export names beside states and specimens; the value is its local code."""

    REPORT = "report"
    CD5_PERCENT = "cd5-percent"
    CD5_STATE = "cd5-state"
    CD5_INTENSITY = "cd5-intensity"
    BURDEN_PERCENT = "burden-percent"
    BURDEN_STATE = "burden-state"
    QUALITY = "quality"
    CRITERION = "criterion"
    CD5_POSITIVE_EVENTS = "cd5-positive-events"
    BLAST_EVENTS = "blast-events"
    LOOK_ALIKE_EVENTS = "look-alike-events"
    SCOPE = "scope"
    DENOMINATOR_EVENTS = "denominator-events"
    DENOMINATOR_RULE = "denominator-rule"
    CI95 = "ci95"
    BAND = "band"
    UPPER95 = "upper95"
    THRESHOLD = "threshold"
    CUT = "cut"
    CUT_METHOD = "cut-method"
    LOD = "lod"
    LLOQ = "lloq"
    LEVEL = "level"
    CD5_PERCENT_WITHHELD = "cd5-percent-withheld"
    BURDEN_PERCENT_COUNTED = "burden-percent-counted"
    MEDIAN_NEGATIVE = "median-negative"
    MEDIAN_T_CELLS = "median-t-cells"
    STAIN_INDEX = "stain-index"
    PATTERN = "pattern"
    FLOW_ALONE = "flow-alone"
    FLOW_CYTOMETRY = "flow-cytometry"
    ANALYSIS_SOFTWARE = "analysis-software"
    CYTOMETER = "cytometer"
    FCS_FILE = "fcs-file"
    CONTROL_FILE = "control-file"


Key = Concept | Cd5State | BurdenState | CriterionState | QualityState | Specimen
"""What can be named. States are named by their own words; those that say "unknown" never go out."""

_NEVER: Final = {"NOT_EVALUABLE", "NOT_DONE", "unknown"}
KEYS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        key.value
        for kind in (Concept, Cd5State, BurdenState, CriterionState, QualityState, Specimen)
        for key in kind
        if key.value not in _NEVER
    )
)
"""Every local code, in order."""

# FHIR R4 data types: a code has no blanks at its ends or doubled; a uri has none at all.
CodeText = Annotated[str, Field(pattern=r"^[^\s]+( [^\s]+)*$", max_length=200)]
Uri = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$", max_length=500)]
Words = Annotated[str, Field(pattern=r"^[^\s]+( [^\s]+)*$", max_length=500)]
StatedSpecimen = Literal[
    Specimen.BONE_MARROW,
    Specimen.PERIPHERAL_BLOOD,
    Specimen.CSF,
    Specimen.FLUID,
    Specimen.TISSUE,
]


class StandardCode(FilePart):
    """A code of a public or site code system.

    Attributes:
        verified: whether a person held code, display and meaning against `source`; else it stays here.
        specimens: for which specimens it may be used; None is for all.
    """

    code: CodeText
    system: Uri
    display: Words
    verified: bool
    source: Words
    specimens: tuple[StatedSpecimen, ...] | None = None


class NamedConcept(FilePart):
    """One thing's text, and its codes elsewhere."""

    text: Words
    codes: tuple[StandardCode, ...] = ()


class Systems(FilePart):
    """URIs of the site: of its local codes, and of whom or what an identifier names."""

    local: Uri
    patient: Uri
    sample: Uri
    report: Uri
    file: Uri


class Codes(FilePart):
    """A whole table of codes: each key exactly once."""

    format: Literal["cd5flow.codes/1"]
    version: Words
    systems: Systems
    codes: dict[str, NamedConcept]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        unknown = [key for key in self.codes if key not in KEYS]
        missing = [key for key in KEYS if key not in self.codes]
        if unknown:
            raise ValueError(f"codes: unknown {', '.join(unknown)}; known are {', '.join(KEYS)}")
        if missing:
            raise ValueError(f"codes: {', '.join(missing)} missing")
        return self

    def concept(self, key: Key, specimen: Specimen = Specimen.UNKNOWN) -> dict[str, Any]:
        """Return a FHIR CodeableConcept: verified codes first, then the local one, and the text.

        Args:
            key: what is named.
            specimen: of the sample; codes for others are left out.
        """
        entry = self.codes[key.value]
        codings = [
            {"system": code.system, "code": code.code, "display": code.display}
            for code in entry.codes
            if code.verified and (code.specimens is None or specimen in code.specimens)
        ]
        codings.append({"system": self.systems.local, "code": key.value, "display": entry.text})
        return {"coding": codings, "text": entry.text}

    def key_of(self, concept: dict[str, Any]) -> str | None:
        """Return the local code of a CodeableConcept; None where it has none."""
        for coding in concept.get("coding", ()):
            if coding.get("system") == self.systems.local and coding.get("code") in KEYS:
                return str(coding["code"])
        return None


def load_codes(path: Path | None = None) -> Loaded[Codes]:
    """Read a table of codes; None is the one that comes with cd5flow.

    Raises:
        OptionError: it is no such file; each fault is a line ``file:line:column: what``.
    """
    return load_yaml(codes_file() if path is None else path, Codes, error=OptionError, rules=True)
