"""`cd5flow schema`: the JSON Schema of a file."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from cd5flow.batch.frozen_reference import FrozenReference
from cd5flow.cli.defaults import DefaultsFile
from cd5flow.cli.terminal import emit
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.comparison import Comparison
from cd5flow.criteria.eligibility import Eligibility
from cd5flow.criteria.protocol_formats import ProtocolFile
from cd5flow.errors import OptionError
from cd5flow.gating.override import Overrides
from cd5flow.gating.strategy import Strategy
from cd5flow.model.result import Result
from cd5flow.validation.own.record import OwnValidation
from cd5flow.validation.synthetic.record import Validation

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_READ: Final[dict[str, type[BaseModel]]] = {
    "strategy": Strategy,
    "protocol": ProtocolFile,
    "clinical": Clinical,
    "override": Overrides,
    "defaults": DefaultsFile,
}

_WRITTEN: Final[dict[str, TypeAdapter[Any]]] = {
    "result": TypeAdapter(Result),
    # One patient's, or those of several results.
    "eligibility": TypeAdapter(Eligibility | list[Eligibility]),
    "comparison": TypeAdapter(Comparison),
    "validation": TypeAdapter(Validation),
    "own-validation": TypeAdapter(OwnValidation),
    "reference": TypeAdapter(FrozenReference),
}


def schema_of(what: str) -> dict[str, Any]:
    """Return the JSON Schema of a file.

    Raises:
        OptionError: no such kind of file.
    """
    if what in _WRITTEN:
        # As it is written: every field is there, unknown ones as null.
        body = _WRITTEN[what].json_schema(mode="serialization", by_alias=True)
    elif what in _READ:
        body = _READ[what].model_json_schema()
    else:
        raise OptionError(f"schema: found {what!r}, expected {', '.join((*_WRITTEN, *_READ))}")
    return {"$schema": DIALECT, **body}


def run(what: str) -> None:
    """Print the schema."""
    emit(json.dumps(schema_of(what), indent=2, ensure_ascii=False) + "\n")
