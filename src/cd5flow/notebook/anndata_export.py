"""An analysis as an object of anndata, the form of single-cell programs. An extra: ``cd5flow[anndata]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import anndata

    from cd5flow.notebook.analysis import Analysis

INSTALL: Final = 'pip install "cd5flow[anndata]"'


def to_anndata(analysis: Analysis) -> anndata.AnnData:
    """Return events, channels and populations as `cd5flow.Analysis.to_anndata` tells.

    Raises:
        ImportError: anndata is not installed.
    """
    try:
        import anndata as ad  # noqa: PLC0415 - an extra, and slow to import
        import pandas as pd  # noqa: PLC0415 - comes with it
    except ImportError as absent:
        raise ImportError(f"AnnData needs anndata: {INSTALL}") from absent
    result = analysis.result
    panel = {entry.channel: entry for entry in result.panel}
    rows = [panel[channel] for channel in analysis.channels if channel in panel]
    of = {entry.channel: (entry.marker or "", entry.label or "") for entry in rows}
    var = pd.DataFrame(
        [of.get(channel, ("", "")) for channel in analysis.channels],
        columns=["marker", "label"],
        index=list(analysis.channels),
    )
    obs = pd.DataFrame(
        {name: np.asarray(who) for name, who in analysis.membership.items()},
        index=[str(number) for number in range(len(analysis.events))],
    )
    return ad.AnnData(
        X=analysis.events.copy(),  # what is ours stays read-only
        obs=obs,
        var=var,
        layers={"display": np.column_stack([analysis.display(one) for one in analysis.channels])},
        uns={"cd5flow_result": result.to_json()},
    )
