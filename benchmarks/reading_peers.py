"""Read FCS files with one other reader, in whichever Python has it: used by reading.py.

    python reading_peers.py READER FOLDER < files.json

Standard input is a JSON list of paths. Each answer is a line of JSON with the path and either the
array's file in FOLDER (events x channels, as the reader gives them) or why the reader refused. Nothing
here needs cd5flow.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# Each reader is imported by the process that uses it: none of the others need be there.
# ruff: noqa: PLC0415


def _flowio(path: str) -> Any:
    import flowio

    data = flowio.FlowData(path)
    return data.as_array()


def _flowio_lenient(path: str) -> Any:
    import flowio

    lenient = {"ignore_offset_error": True, "ignore_offset_discrepancy": True}
    try:
        return flowio.FlowData(path, **lenient).as_array()
    except flowio.exceptions.MultipleDataSetsError:
        return flowio.read_multiple_data_sets(path, **lenient)[0].as_array()


def _flowkit(path: str) -> Any:
    import flowkit

    return flowkit.Sample(path).get_events("raw")


def _flowcal(path: str) -> Any:
    import FlowCal

    return np.asarray(FlowCal.io.FCSData(path))


def _fcsparser(path: str) -> Any:
    import fcsparser

    _, table = fcsparser.parse(path)
    return table.to_numpy()


READERS: dict[str, Callable[[str], Any]] = {
    "flowio": _flowio,
    "flowio, lenient": _flowio_lenient,
    "FlowKit": _flowkit,
    "FlowCal": _flowcal,
    "fcsparser": _fcsparser,
}


def main() -> None:
    """Answer for every file."""
    reader, folder = READERS[sys.argv[1]], Path(sys.argv[2])
    warnings.simplefilter("ignore")
    for number, path in enumerate(json.load(sys.stdin)):
        answer: dict[str, Any] = {"path": path}
        try:
            np.save(folder / f"{number}.npy", np.asarray(reader(path), dtype=np.float64))
            answer["array"] = str(folder / f"{number}.npy")
        except Exception as error:  # noqa: BLE001 - whatever a reader raises is its refusal
            answer["refused"] = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
