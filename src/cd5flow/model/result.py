"""The result of one tube as other programs read it: schema ``cd5flow.result/1``.

Percentages are 0 to 100 with their denominator beside them. Unknown is None (JSON ``null``), never
0 or NaN.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from cd5flow.model.answer_sections import (
    BurdenAlternative,
    BurdenSection,
    Cd5Section,
    ContaminationSection,
    CriterionSection,
    CutAlternative,
    CutSection,
    IntensitySection,
    MedianSection,
    TCellSection,
)
from cd5flow.model.basis_sections import ReagentSection
from cd5flow.model.blast_sections import BlastPopulation, BlastsSection, ExcludedSection
from cd5flow.model.digest import digest_of
from cd5flow.model.reasons import Reason, ReasonData
from cd5flow.model.section import (
    Count,
    Document,
    Number,
    Percent,
    Section,
)
from cd5flow.model.states import (
    BurdenState,
    Cd5State,
    Confidence,
    CriterionState,
    CutMethod,
    MarkerWord,
    Pattern,
    PriorTherapy,
    QualityState,
    Scope,
    Specimen,
    Timepoint,
)
from cd5flow.model.tube_sections import (
    Check,
    ControlSection,
    GateSection,
    ImportedSection,
    LaipSection,
    PanelEntry,
    PhenotypeEntry,
    PlaceSection,
    PopulationSection,
    ProfilesSection,
    ProtocolReference,
    ProtocolSection,
    QualitySection,
    SampleSection,
    StrategySection,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SCHEMA",
    "AutomaticGate",
    "AutomaticSection",
    "BlastPopulation",
    "BlastsSection",
    "BurdenAlternative",
    "BurdenSection",
    "BurdenState",
    "Cd5Section",
    "Cd5State",
    "Check",
    "Confidence",
    "ContaminationSection",
    "ControlSection",
    "Count",
    "CriterionSection",
    "CriterionState",
    "CutAlternative",
    "CutMethod",
    "CutSection",
    "ExcludedSection",
    "GateSection",
    "ImportedSection",
    "IntensitySection",
    "LaipSection",
    "MarkerWord",
    "MedianSection",
    "Number",
    "OverrideSection",
    "PanelEntry",
    "Pattern",
    "Percent",
    "PhenotypeEntry",
    "PlaceSection",
    "PopulationSection",
    "PriorTherapy",
    "ProfilesSection",
    "ProtocolReference",
    "ProtocolSection",
    "ProvenanceSection",
    "QualitySection",
    "QualityState",
    "ReagentSection",
    "RedoSection",
    "Result",
    "ReviewSection",
    "SampleSection",
    "Scope",
    "Section",
    "SignatureSection",
    "Specimen",
    "StrategySection",
    "TCellSection",
    "Timepoint",
]

SCHEMA = "cd5flow.result/1"
SHOWN_DIGITS = 8
"""So many digits of a digest stand on a report's first page."""


class SignatureSection(Section):
    """One signature, as the ledger beside the result holds it.

    Attributes:
        user: the id under which the person signed in.
        at: when, UTC, ISO 8601.
        entry: of the ledger.
    """

    user: str
    name: str
    role: Literal["analyst", "reviewer"]
    meaning: Literal["analysed", "reviewed", "approved", "rejected"]
    at: str
    entry: Count


class ReviewSection(Section):
    """What persons made of it; unreviewed until a ledger proves otherwise (`proven_review`).

    Attributes:
        criterion_state: what a person decided of the criterion; the software's own never changes by it.
        strategy_approved, protocol_approved: whether the laboratory had approved the files that decided
            when the newest signature was made; null where nobody signed.
        signatures: in the ledger's order.
        replaces: digest of the signed version that this one took the place of, as the ledger says;
            null where it took none's, or while nobody has signed this one.
    """

    state: Literal["unreviewed", "confirmed", "amended", "rejected"] = "unreviewed"
    by: str | None = None
    at: str | None = None
    comment: str | None = None
    criterion_state: CriterionState | None = None
    strategy_approved: bool | None = None
    protocol_approved: bool | None = None
    signatures: tuple[SignatureSection, ...] = ()
    replaces: str | None = None


class AutomaticGate(Section):
    """A gate as it was found before a person drew it anew."""

    method: str
    region: dict[str, Any]
    events: Count
    percent_of_parent: Percent | None


class OverrideSection(Section):
    """A gate that a person drew, beside the automatic one.

    Attributes:
        region, events, percent_of_parent: of the gate as drawn; null where it is left out, and
            counts where there was nothing to count.
        automatic: null where the automatic gating found none.
        file, sha256: the override file.
    """

    gate: str
    by: str
    date: str
    reason: str
    region: dict[str, Any] | None
    events: Count | None
    percent_of_parent: Percent | None
    automatic: AutomaticGate | None
    file: str
    sha256: str


class AutomaticSection(Section):
    """What the tube's answers are without the gates that a person drew."""

    lineage: str
    cd5_state: Cd5State
    cd5_percent: Percent | None
    burden_state: BurdenState
    burden_percent: Percent | None
    criterion_state: CriterionState


class RedoSection(Section):
    """How to compute this result again with gates drawn by hand.

    Attributes:
        command: the command line; files by name, without their folders.
        override: an override file to begin with: name, date and reason are to be filled in, and
            regions changed.
    """

    command: str
    override: dict[str, Any]


class ProvenanceSection(Section):
    """With what, when and how this was computed. Of the whole, two runs differ in `created` and digest."""

    cd5flow: str
    python: str
    packages: dict[str, str]
    created: str
    seed: int
    settings: dict[str, Any]
    origins: dict[str, str] = Field(
        default={},
        description="where strategy, protocol and specimen came from, and laboratory and language "
        "where a command asked for them: command line, argument, sheet, default, or the name of a "
        "file of defaults; no part of what makes results equal",
    )
    rules: Count | None = Field(
        default=None,
        description="number of the rules by which states follow from the numbers; under another one "
        "than the reader's, states are not derived anew",
    )
    inputs_sha256: str | None = Field(
        default=None,
        description="of files, settings and versions together; results of one digest are equal",
    )
    redo: RedoSection | None = Field(
        default=None, description="how to compute this again with gates drawn by hand"
    )


class Result(Document):
    """Everything that cd5flow says of one tube.

    One that was computed, or read from a file, has its digest; what is written always has that of its
    content.
    """

    reason_fields: ClassVar[Mapping[str, str]] = {"findings": "finding_data"}

    schema_: Literal["cd5flow.result/1"] = Field(default="cd5flow.result/1", alias="schema")
    sample: SampleSection
    strategy: StrategySection
    protocol: ProtocolSection
    controls: tuple[ControlSection, ...]
    panel: tuple[PanelEntry, ...]
    quality: QualitySection
    populations: tuple[PopulationSection, ...]
    cd5: Cd5Section
    burden: BurdenSection
    criterion: CriterionSection
    blasts: BlastsSection = Field(
        default=BlastsSection(), description="each leukaemic population; none where none is told"
    )
    excluded: tuple[ExcludedSection, ...] = Field(
        default=(), description="cells that look like blasts in part and were not counted"
    )
    digest: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the canonical JSON (RFC 8785) of everything but review and digest",
    )
    review: ReviewSection
    provenance: ProvenanceSection
    findings: tuple[Reason, ...] = Field(
        default=(), description="what was noticed, as 'CODE: sentence'"
    )
    finding_data: tuple[ReasonData, ...] = ()
    phenotype: tuple[PhenotypeEntry, ...] = Field(
        default=(), description="how the blasts look on each marker but CD5"
    )
    overrides: tuple[OverrideSection, ...] = Field(
        default=(), description="gates that a person drew, each beside the automatic one"
    )
    automatic: AutomaticSection | None = Field(
        default=None, description="the answers without them; null where no gate was drawn"
    )

    @property
    def shown_digest(self) -> str:
        """The digits of the digest that stand on the report's first page, and that who signs types in."""
        return (self.digest or digest_of(self))[:SHOWN_DIGITS]

    def sealed(self) -> Result:
        """Return the result with the digest of its content."""
        return self.model_copy(update={"digest": digest_of(self)})

    def to_json(self) -> str:
        """Return it as JSON: UTF-8, two spaces, keys in the contract's order, with its digest."""
        return super(Result, self.sealed()).to_json()

    def to_dict(self) -> dict[str, Any]:
        """Return what result.json holds, as dictionaries, lists, texts, numbers and None."""
        content: dict[str, Any] = json.loads(self.to_json())
        return content

    def to_pandas(
        self,
        table: Literal["populations", "quality", "answers", "criteria"] = "populations",
        *,
        protocol: str | None = None,
    ) -> pd.DataFrame:
        """Return one table of it; unknown numbers are NaN, unknown answers None.

        Args:
            table: a row a population, a row a quality check, the three answers with their intervals,
                or a row a criterion of the protocol, by the clinic's facts that it was made with.
            protocol: of `criteria`, the file of a protocol that does not come with cd5flow.

        Raises:
            OptionError: no such table; a protocol that is not the result's.
            ProtocolError: the protocol has faults, or lists no criteria.
        """
        return _view("table_of")(self, table, protocol=protocol)

    def _repr_html_(self) -> str:
        """Return the answer of page one as a box, which notebooks show in place of the fields."""
        box: str = _view("answer_box")(self)
        return box


def _view(name: str) -> Any:
    """Return what shows a result; by name, for it stands above what it shows."""
    return getattr(import_module("cd5flow.notebook.views"), name)
