"""Sample ids that come from file names: made so that each can name a folder on any system."""

from __future__ import annotations

from typing import Final

from cd5flow.analysis.option_words import LONGEST_ID, is_device

_SEPARATORS: Final = "/\\"


def make_sample_id(stem: str) -> str:
    """Return a file's stem as a sample id that `cd5flow.analysis.option_words.sample_name` takes.

    Path separators, control characters, and a dot or blank at the end (which Windows drops) become
    ``_``; names of Windows' devices get one before them. Two stems may give one id: a fault that
    the plan names.
    """
    kept = "".join(c if c.isprintable() and c not in _SEPARATORS else "_" for c in stem)
    kept = kept[:LONGEST_ID]
    body = kept.rstrip(". ")
    kept = body + "_" * (len(kept) - len(body))
    if is_device(kept):
        kept = f"_{kept}"[:LONGEST_ID]
    return kept or "_"
