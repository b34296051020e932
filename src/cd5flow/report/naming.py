"""What a report is called: an id that its content decides."""

from __future__ import annotations

import hashlib

from cd5flow.model.result import Result


def report_id(result: Result) -> str:
    """Return the report's id: of the result but for the time it was computed and where settings came from.

    Equal inputs, settings and versions give equal ids; a review gives another.
    """
    content = result.model_dump_json(
        by_alias=True, exclude={"digest": True, "provenance": {"created", "origins"}}
    )
    digits = hashlib.sha256(content.encode()).hexdigest()[:16].upper()
    return "CD5F-" + "-".join(digits[i : i + 4] for i in range(0, 16, 4))
