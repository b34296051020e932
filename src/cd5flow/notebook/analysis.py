"""An analysis for a notebook: what `cd5flow.analyze` computes, with the events and pictures behind it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np

from cd5flow.analysis.options import AnyPath, TubeOptions
from cd5flow.analysis.settings import make_settings
from cd5flow.errors import OutputError
from cd5flow.model.events import Mask, Values
from cd5flow.model.geometry import Dimension
from cd5flow.model.result import Result
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import write_sample
from cd5flow.report.input_files import files_of, record_inputs
from cd5flow.report.outputs import wanted_outputs
from cd5flow.report.parts import Extent, Picture

if TYPE_CHECKING:
    import anndata
    import pandas as pd


class Analysis:
    """One tube, analysed: its result, its events, who is in which population, pictures, and its folder.

    Nothing is written before `write`. A notebook shows page one's answer.

    Args:
        path: the FCS file.
        options: those of ``cd5flow analyze``, by the same names; see `cd5flow.TubeOptions`.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol, clinical file or argument that is wrong.
    """

    def __init__(self, path: AnyPath, **options: Unpack[TubeOptions]) -> None:
        self._done = analyse_tube(Path(path), make_settings(**options))

    @property
    def result(self) -> Result:
        """What ``result.json`` will hold."""
        return self._done.result

    @property
    def channels(self) -> tuple[str, ...]:
        """``$PnN`` of each channel, in the order of the columns of `events`."""
        return tuple(channel.detector for channel in self._done.tube.fcs.channels)

    @property
    def markers(self) -> Mapping[str, str]:
        """Marker to its channel, as the analysis took them."""
        return {e.marker: e.channel for e in self.result.panel if e.marker is not None}

    @cached_property
    def events(self) -> Values:
        """Compensated events in linear units: (events, channels) float32, read-only; Time in raw ticks.

        Rows are in file order, as those of `membership`. Without a matrix they are as they were read.
        """
        events = self._done.tube.events
        columns = np.empty(events.raw.values.shape, dtype=np.float32)
        for place, detector in enumerate(self.channels):
            columns[:, place] = events.linear(detector)
        columns.flags.writeable = False
        return columns

    def display(self, channel: str) -> Values:
        """Return one channel as plots show it: compensated, on its display scale, about 0 to 1.

        Args:
            channel: ``$PnN``, or a marker. A channel without a display scale is linear; Time is in
                seconds.

        Raises:
            KeyError: no such channel or marker.
        """
        detector = self.markers.get(channel, channel)
        tube = self._done.tube
        return tube.columns.column(Dimension(detector, tube.scales.get(detector))).astype(
            np.float32
        )

    @cached_property
    def membership(self) -> Mapping[str, Mask]:
        """Population to who is in it: one boolean an event, in file order; nobody where it has no gate."""
        nobody = np.zeros(len(self._done.tube.events), dtype=np.bool_)
        nobody.flags.writeable = False
        members = self._done.gating.members
        names = (population.name for population in self.result.populations)
        return MappingProxyType({name: members.get(name, nobody) for name in names})

    @cached_property
    def figures(self) -> Mapping[str, Picture]:
        """Name to picture, in the order of the report, in English; a notebook shows each by itself."""
        from cd5flow.report.pictures import report_pictures  # noqa: PLC0415 - draws
        from cd5flow.report.wording import load_wording  # noqa: PLC0415 - likewise

        drawn = report_pictures(self._done, load_wording("en"))
        return MappingProxyType({picture.name: picture for picture in drawn})

    def write(
        self,
        folder: AnyPath,
        *,
        report: bool = True,
        extent: Extent = "full",
        membership: bool = False,
        language: str = "en",
        lab: AnyPath | None = None,
        supersede: str = "",
    ) -> Path:
        """Write what ``cd5flow analyze --out folder`` writes, and return the sample's folder in it.

        Args:
            folder: the results folder; made where it is absent.
            report: report.pdf, report.html and ``plots/`` too.
            extent: of the reports: `full`, or `short` without the technical annex.
            membership: membership.npz too.
            language: of the reports: `en`, `zh` or a wording file.
            lab: the laboratory's file.
            supersede: why a result is replaced that somebody signed or whose gates somebody moved.

        Raises:
            OptionError: an unknown language, or a faulty laboratory file.
            OutputError: the folder cannot be written; or it holds another result that somebody
                answers for, and `supersede` does not say why that is replaced.
        """
        outputs = wanted_outputs(
            no_report=not report,
            extent=extent,
            membership=membership,
            language=language,
            lab=None if lab is None else Path(lab),
            supersede=supersede,
        )
        out = Path(os.fspath(folder))
        written = write_sample(self._done, out, outputs=outputs)
        if written.kept_by:
            raise OutputError(
                f"{written.folder}: another result is kept, {written.kept_by}; expected "
                "supersede=REASON to replace it"
            )
        tube, controls = self._done.tube.path, self._done.tube.settings.controls
        record_inputs(out, files_of(self.result, written.folder.name, tube, controls))
        return written.folder

    def to_pandas(
        self,
        table: Literal["populations", "quality", "answers", "criteria"] = "populations",
        *,
        protocol: str | None = None,
    ) -> pd.DataFrame:
        """Return one table of the result, as `Result.to_pandas` does."""
        return self.result.to_pandas(table, protocol=protocol)

    def to_anndata(self) -> anndata.AnnData:
        """Return events, channels and populations as one object of anndata.

        `X` holds the compensated events in linear units, layer `display` the same as plots show them;
        `var` is a row a channel with marker and label, `obs` a row an event with a column of booleans a
        population; `uns["cd5flow_result"]` is the text of result.json, so that the object can be written.

        Raises:
            ImportError: anndata is not installed (`pip install "cd5flow[anndata]"`).
        """
        from cd5flow.notebook.anndata_export import to_anndata  # noqa: PLC0415 - an extra

        return to_anndata(self)

    def _repr_html_(self) -> str:
        """Return the answer of page one as a box."""
        return self.result._repr_html_()
