"""What the user says of one tube: its options' words, checked, and what a result keeps of them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, Unpack

from cd5flow.analysis.diagnosis import read_laip
from cd5flow.analysis.option_words import Role, identifiers, iso_date, one_of, role_of, sample_name
from cd5flow.analysis.options import AUTO, DEFAULT_PROTOCOL, OPTIONS, AnyPath, TubeOptions, flag
from cd5flow.criteria.clinical import Clinical, load_clinical
from cd5flow.errors import OptionError
from cd5flow.gating.drawn import ImportedGates
from cd5flow.model.laip import Laip
from cd5flow.model.names import shown_name
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint

ORIGINS: Final = ("strategy", "protocol", "specimen")
"""Options of which a result tells where they came from, whoever asked for it."""

GIVEN: Final = "argument"
DEFAULT: Final = "default"

OVERRIDE_FILE: Final = "override.yaml"
"""Name of the file in the command that redoes an analysis."""


def _option(
    read: Callable[[Any], Any],
    *,
    record: Callable[[Any], Any] | None = None,
    redo: Callable[[Any], Any] | None = None,
) -> dict[str, Any]:
    """Return what becomes of an option, as metadata of its field.

    Args:
        read: from the option's words to the field's value.
        record: from the value to what the result's provenance keeps of it; None keeps nothing.
        redo: from the value to what the command that redoes an analysis says; None says the value,
            where it is not the default.
    """
    return {"read": read, "record": record, "redo": redo}


def _name(path: AnyPath) -> str:
    """Return a file's name without its folder, which may name people; a word stays."""
    return shown_name(Path(path).name)


def _therapies(words: Sequence[str]) -> tuple[PriorTherapy, ...]:
    # One therapy given as text would be read letter by letter.
    each = (words,) if isinstance(words, str) else words
    return tuple(dict.fromkeys(one_of(PriorTherapy, word, "prior therapy") for word in each))


def _controls(files: Mapping[str, AnyPath]) -> dict[Role, Path]:
    return {role_of(role): Path(file) for role, file in files.items()}


def _matrix(spillover: AnyPath) -> Path | Literal["hardware"]:
    return "hardware" if spillover == "hardware" else Path(spillover)


def _clinical(given: AnyPath | Clinical) -> Clinical:
    return given if isinstance(given, Clinical) else load_clinical(Path(given)).value


def _at_least(least: int, what: str) -> Callable[[int], int]:
    def read(number: int) -> int:
        if number < least:
            raise OptionError(f"{what}: found {number}, expected {least} or more")
        return number

    return read


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user says about a tube; what is not said is unknown, never guessed.

    Each field is the option of the same name, read; their order is that of the command that redoes
    an analysis.

    Attributes:
        strategy, protocol: shipped name, or YAML file. `auto` chooses the strategy by time point.
        controls: role to file.
        spillover: a matrix file, or ``hardware`` where the instrument compensated.
        dataset: which data set of the file, from 1.
        laip: what the patient's blasts looked like at diagnosis.
        seed: of all random numbers.
        override: file of gates drawn by hand.
        markers: marker to channel where labels are ambiguous; goes before the strategy's.
        identifiers: further names that a sheet gives a sample, carried into its result.
        gates: gates drawn in another program, in place of the strategy's.
        control_identifiers: role to the identifiers of its control, held against the sample's.
        control_datasets: role to the data set of its file that is the control, where it is said.
        origins: option to where it came from; kept in the record, and no part of what is asked.
    """

    strategy: str = field(
        default=AUTO,
        metadata=_option(
            os.fspath, record=_name, redo=lambda name: None if name == AUTO else _name(name)
        ),
    )
    protocol: str = field(
        default=DEFAULT_PROTOCOL, metadata=_option(os.fspath, record=_name, redo=_name)
    )
    timepoint: Timepoint = field(
        default=Timepoint.UNSTATED,
        metadata=_option(lambda word: one_of(Timepoint, word, "timepoint")),
    )
    specimen: Specimen = field(
        default=Specimen.UNKNOWN,
        metadata=_option(lambda word: one_of(Specimen, word, "specimen")),
    )
    prior_therapy: tuple[PriorTherapy, ...] = field(default=(), metadata=_option(_therapies))
    controls: Mapping[Role, Path] = field(
        default_factory=dict,
        metadata=_option(
            _controls, record=lambda files: {role: _name(path) for role, path in files.items()}
        ),
    )
    sample_id: str | None = field(default=None, metadata=_option(sample_name))
    patient_id: str | None = field(default=None, metadata=_option(_as_it_is))
    collected_at: str | None = field(default=None, metadata=_option(iso_date))
    spillover: Path | Literal["hardware"] | None = field(
        default=None, metadata=_option(_matrix, record=_name)
    )
    dataset: int | None = field(default=None, metadata=_option(_at_least(1, "dataset")))
    clinical: Clinical | None = field(
        default=None,
        metadata=_option(
            _clinical,
            record=lambda known: known.model_dump(mode="json", exclude_none=True),
            redo=lambda known: None if known is None else "CLINICAL.yaml",
        ),
    )
    laip: Laip | None = field(
        default=None,
        metadata=_option(
            _as_it_is,
            record=lambda laip: laip.sample,
            redo=lambda laip: None if laip is None else "DIAGNOSIS-RESULT.json",
        ),
    )
    seed: int = field(default=0, metadata=_option(_at_least(0, "seed")))
    override: Path | None = field(
        default=None,
        metadata=_option(
            Path, record=_name, redo=lambda file: OVERRIDE_FILE if file is None else file
        ),
    )
    markers: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_option(
            dict,
            record=dict,
            redo=lambda channels: tuple(f"{m}={channel}" for m, channel in channels.items()),
        ),
    )
    identifiers: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_option(
            identifiers,
            redo=lambda names: tuple(f"{name}={text}" for name, text in names.items()),
        ),
    )
    gates: ImportedGates | None = field(
        default=None, metadata=_option(_as_it_is, record=lambda gates: gates.file)
    )
    control_identifiers: Mapping[Role, Mapping[str, str]] = field(default_factory=dict)
    control_datasets: Mapping[Role, int] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def said_by(self, origins: Mapping[str, str]) -> Settings:
        """Return the same settings, with where options came from as far as it is known better."""
        return replace(self, origins={**self.origins, **origins})

    def sample_of(self, path: Path) -> str:
        """Return the sample's name, which is the file's where none was given."""
        return self.sample_id or shown_name(path.stem)


_FIELDS: Final[tuple[Field[Any], ...]] = tuple(f for f in fields(Settings) if f.metadata)


def make_settings(**said: Unpack[TubeOptions]) -> Settings:
    """Return the settings of one tube from its options' words; None is not said.

    Raises:
        OptionError: a word that is none of those expected, an impossible id, date or number.
        ClinicalError: the clinical file is wrong.
        GatesError: the file of gates is wrong.
    """
    unknown = said.keys() - OPTIONS.keys()
    if unknown:
        raise TypeError(f"settings: found {', '.join(sorted(unknown))}, which are no options")
    words: dict[str, Any] = {name: word for name, word in said.items() if word is not None}
    if "gates" in words and "override" in words:
        raise OptionError("override: found a file of gates too, expected one of the two")
    gates = imported_gates(words.get("gates"), words.get("map", {}))
    if gates is not None:
        words["gates"] = gates
    read = {f.name: f.metadata["read"](words[f.name]) for f in _FIELDS if f.name in words}
    patient = read.get("patient_id")
    _same_patient(patient, read.get("clinical"))
    if "laip" in read and not isinstance(read["laip"], Laip):
        read["laip"] = read_laip(Path(read["laip"]), patient_id=patient)
    return Settings(**read, origins=_origins(words))


def _origins(words: Mapping[str, Any]) -> dict[str, str]:
    """Return where each option came from that a file of defaults may give."""
    return {name: GIVEN if name in words else DEFAULT for name in ORIGINS}


def recorded(settings: Settings) -> dict[str, Any]:
    """Return the settings that a second run needs as JSON; file names without their folders."""
    kept = {f.name: (getattr(settings, f.name), f.metadata["record"]) for f in _FIELDS}
    written = {
        name: None if value is None else record(value)
        for name, (value, record) in kept.items()
        if record is not None
    }
    gates = settings.gates
    return written | {"map": {} if gates is None else dict(gates.populations)}


def redo_command(path: Path, settings: Settings) -> str:
    """Return the command that analyses a tube again with gates drawn by hand."""
    words = ["cd5flow", "analyze", _name(path)]
    for one in _FIELDS:
        value, redo = getattr(settings, one.name), one.metadata["redo"]
        if redo is None and (value == one.default or not flag(one.name)):
            continue
        for word in _written(value if redo is None else redo(value)):
            words += [flag(one.name), word]
    return shlex.join(words)


def _written(value: Any) -> Iterator[str]:
    """Yield what stands after an option's flag, once for each time that it is given."""
    match value:
        case None:
            return
        case Mapping():
            yield from (f"{key}={_name(file)}" for key, file in value.items())
        case tuple():
            yield from (str(word) for word in value)
        case StrEnum():
            yield value.value
        case Path():
            yield _name(value)
        case _:
            yield str(value)


def imported_gates(
    gates: AnyPath | ImportedGates | None, populations: Mapping[str, str]
) -> ImportedGates | None:
    """Return a file of gates drawn in another program, read if it is not yet.

    Args:
        gates: the file; None where there is none.
        populations: our population to the gate's name or path.

    Raises:
        OptionError: populations are named without a file.
        FileAccessError: the file is absent or unreadable.
        GatesError: it is wrong.
    """
    if gates is None:
        if populations:
            raise OptionError("map: found no file of gates beside it, expected one")
        return None
    if isinstance(gates, ImportedGates):
        return gates
    from cd5flow.interop.gates import read_gates  # noqa: PLC0415 - few tubes come with gates

    return read_gates(gates, populations)


def _same_patient(patient_id: str | None, clinical: Clinical | None) -> None:
    theirs = None if clinical is None else clinical.patient_id
    if None not in (patient_id, theirs) and patient_id != theirs:
        raise OptionError(
            f"clinical file: it is of patient {theirs!r}, the tube of patient {patient_id!r}"
        )
