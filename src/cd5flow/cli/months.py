"""`cd5flow months`: several batches in one set of control charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cd5flow.batch.frozen_reference import read_reference
from cd5flow.batch.months import batch_folders, look_over, notices, write_months
from cd5flow.batch.outliers import load_batch_rules
from cd5flow.cli.terminal import say, show
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.config.shipped import batch_file
from cd5flow.errors import OptionError


def run(
    results: Sequence[Path],
    *,
    out: Path,
    reference: Path | None,
    freeze: Path | None,
    rules: Path | None,
) -> None:
    """Write charts and tables, and say what broke a rule."""
    if freeze is not None and freeze.exists():
        raise OptionError(f"freeze: {freeze} is there already, and a reference is never replaced")
    loaded = load_batch_rules(rules or batch_file()).value
    kept = None if reference is None else read_reference(reference)
    found = look_over(batch_folders(results), loaded, kept)
    watch = loaded.over_time
    assert watch is not None  # noqa: S101 - look_over refuses rules without
    written = write_months(found, out, watch, reference="" if reference is None else reference.name)
    show(f"{sum(one.results for one in found.batches)} tubes of {len(found.batches)} batches")
    for chart in found.charts:
        if chart.broken:
            drift = "" if chart.drift is None else f", drift {chart.drift:+.2f} SD"
            show(f"{chart.what}: {len(chart.broken)} tubes break a rule{drift}", style="look")
    for line in notices(found):
        say(line, style="look")
    if freeze is not None:
        if not found.own_reference.kinds:
            raise OptionError(
                f"freeze: no value has the {watch.reference_tubes} tubes of one strategy, cytometer and "
                "panel that make a reference"
            )
        content = found.own_reference.to_json().encode()
        written = (*written, write_atomically(freeze, content, mode=as_private_as(found.files)))
    for path in written:
        show(f"  {path}")
