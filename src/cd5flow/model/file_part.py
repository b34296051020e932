"""What every part of a file that people write is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FilePart(BaseModel):
    """A part of a file that people write: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
