"""What the user wants written, from the options' words."""

from __future__ import annotations

from pathlib import Path

from cd5flow.report.folder import WantedOutputs
from cd5flow.report.lab import load_lab
from cd5flow.report.parts import Extent
from cd5flow.report.wording import load_wording


def wanted_outputs(
    *,
    no_report: bool,
    extent: Extent,
    membership: bool,
    language: str,
    lab: Path | None,
    supersede: str = "",
) -> WantedOutputs:
    """Check what the reports need before a tube is analysed.

    Raises:
        OptionError: an unknown language, one whose font is not installed, or a faulty laboratory
            file.
    """
    if no_report:
        load_wording(language)
    else:
        # All that sets a page, with the pictures: only where one is wanted.
        from cd5flow.report.pdf import check_language  # noqa: PLC0415

        check_language(language)
    return WantedOutputs(
        report=not no_report,
        extent=extent,
        membership=membership,
        language=language,
        lab=None if lab is None else load_lab(lab),
        supersede=supersede.strip(),
    )
