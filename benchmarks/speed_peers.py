"""Read a file with readers that need a Python of their own: used by speed.py.

    python speed_peers.py FILE BEGIN VALUES REPEATS READER...

Prints JSON: each reader's least seconds, with the floor's, which is np.fromfile of the same VALUES
float32 from byte BEGIN on. Nothing here needs cd5flow.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from functools import partial
from importlib import metadata

import numpy as np

from reading_peers import READERS


def main() -> None:
    """Time each reader in turn."""
    path, begin, values, repeats = sys.argv[1], *map(int, sys.argv[2:5])
    warnings.simplefilter("ignore")
    calls = {name: partial(READERS[name], path) for name in sys.argv[5:]}
    calls["floor"] = partial(np.fromfile, path, dtype="<f4", offset=begin, count=values)
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    versions = {name: metadata.version(name) for name in calls if name != "floor"}
    least = {name: min(seconds[1:]) for name, seconds in taken.items()}
    print(json.dumps({"seconds": least, "versions": {**versions, "numpy": np.__version__}}))


if __name__ == "__main__":
    main()
