"""What may be said of a tube: every option once, with its type, its flag and its help.

Keyword arguments of `cd5flow.analyze`, options of `cd5flow analyze` and `cd5flow batch`, and the
command that redoes an analysis follow from this table; what becomes of the words is the matter of
`cd5flow.analysis.settings`. Nothing heavy is imported: `--help` reads it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypedDict

if TYPE_CHECKING:
    from cd5flow.criteria.clinical import Clinical
    from cd5flow.gating.drawn import ImportedGates
    from cd5flow.model.laip import Laip

AnyPath = str | os.PathLike[str]

AUTO: Final = "auto"
"""The strategy that is chosen by time point."""

DEFAULT_PROTOCOL: Final = "cd5-cart-70"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How an option stands on the command line.

    Attributes:
        help: what it is for.
        metavar: what is written after the flag; empty where there is no flag.
        flag: the flag, where it is not the option's own name.
        kind: what a word of it is read as.
        default: what holds where nothing is said; None for what is then unknown.
        is_repeated: whether it may be given several times.
        of_batch: whether it may be said of all tubes of a batch at once.
    """

    help: str
    metavar: str = ""
    flag: str = ""
    kind: type[str | int | Path] = str
    default: str | int | None = None
    is_repeated: bool = False
    of_batch: bool = False


class TubeOptions(TypedDict, total=False):
    """What may be said of a tube; what is not said is unknown and never guessed."""

    strategy: Annotated[
        AnyPath | None,
        Option(
            help="Gating strategy; `auto` chooses by time point and records the choice.",
            metavar="NAME|FILE",
            default=AUTO,
            of_batch=True,
        ),
    ]
    protocol: Annotated[
        AnyPath | None,
        Option(
            help="Trial protocol judged against.",
            metavar="NAME|FILE",
            default=DEFAULT_PROTOCOL,
            of_batch=True,
        ),
    ]
    timepoint: Annotated[
        str | None,
        Option(
            help="When the specimen was taken. Not said: the criterion is at most REVIEW.",
            metavar="diagnosis|relapse|mrd",
            of_batch=True,
        ),
    ]
    specimen: Annotated[
        str | None,
        Option(
            help="What it is.",
            metavar="bone_marrow|peripheral_blood|csf|fluid|tissue",
            of_batch=True,
        ),
    ]
    prior_therapy: Annotated[
        Sequence[str] | None,
        Option(
            help="Earlier therapy that changes how markers may be read; repeat for several.",
            metavar="cd5_car|cd7_car|other_car|allo_hsct|anti_cd38",
            is_repeated=True,
            of_batch=True,
        ),
    ]
    controls: Annotated[
        Mapping[str, AnyPath] | None,
        Option(
            help="A control tube; repeat for several.",
            metavar="fmo=FILE|isotype=FILE|positive=FILE",
            flag="--control",
            is_repeated=True,
        ),
    ]
    sample_id: Annotated[
        str | None, Option(help="The sample's name; the file's by default.", metavar="ID")
    ]
    patient_id: Annotated[str | None, Option(help="The patient's pseudonym.", metavar="ID")]
    collected_at: Annotated[
        str | None, Option(help="Of collection: 2026-01-31[T09:30].", metavar="DATE")
    ]
    spillover: Annotated[
        AnyPath | None,
        Option(
            help="Matrix instead of the file's own; `hardware`: compensated on the instrument.",
            metavar="FILE.csv|hardware",
        ),
    ]
    dataset: Annotated[
        int | None, Option(help="Which data set of the file, from 1.", metavar="N", kind=int)
    ]
    clinical: Annotated[
        "AnyPath | Clinical | None",
        Option(help="What the clinic knows (YAML or JSON).", metavar="FILE", kind=Path),
    ]
    override: Annotated[
        AnyPath | None,
        Option(
            help="Gates drawn by hand (YAML); see `cd5flow override`.", metavar="FILE", kind=Path
        ),
    ]
    gates: Annotated[
        "AnyPath | ImportedGates | None",
        Option(
            help="Gates drawn in another program instead of the strategy's: Gating-ML 2.0 or FlowJo.",
            metavar="FILE.xml|FILE.wsp",
            kind=Path,
            of_batch=True,
        ),
    ]
    map: Annotated[
        Mapping[str, str] | None,
        Option(
            help="Which of those gates is which population: blasts=NAME, cd5_positive=NAME, "
            "nucleated=PATH/NAME, ...; repeat for several.",
            metavar="POPULATION=GATE",
            is_repeated=True,
            of_batch=True,
        ),
    ]
    laip: Annotated[
        "AnyPath | Laip | None",
        Option(
            help="The patient's diagnostic result; it guides the blast window.",
            metavar="RESULT.json",
            kind=Path,
        ),
    ]
    seed: Annotated[
        int | None,
        Option(help="Of all random numbers.", metavar="N", kind=int, default=0, of_batch=True),
    ]
    markers: Annotated[
        Mapping[str, str] | None,
        Option(
            help="The channel ($PnN) that carries a marker, where labels do not tell; repeat for "
            "several.",
            metavar="MARKER=CHANNEL",
            flag="--marker",
            is_repeated=True,
            of_batch=True,
        ),
    ]
    identifiers: Annotated[
        Mapping[str, str] | None,
        Option(
            help="Further names of the sample and facts for the report's head: accession, specimen_id, "
            "panel_lot, mrn, birth_date, ordering_physician, received_at, blasts_at_diagnosis, "
            "earlier_result, ...; repeat for several.",
            metavar="NAME=VALUE",
            flag="--identifier",
            is_repeated=True,
        ),
    ]


OPTIONS: Final[Mapping[str, Option]] = {
    name: hint.__metadata__[0] for name, hint in TubeOptions.__annotations__.items()
}
"""Name to option, in the order of the table."""


def flag(name: str) -> str:
    """Return an option's flag on the command line; empty where it has none."""
    option = OPTIONS[name]
    if not option.metavar:
        return ""
    return option.flag or f"--{name.replace('_', '-')}"
