"""Sample tubes that several pages show: analysed once, while other pages are read."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from cd5flow_site.workshop import PageFaultError, Workshop, environment

SAMPLES: Final = ("p02-borderline-69", "p04-cd5-dim", "p09-blood-clogged", "p10-mrd-low")
"""Their ids in the sheet of the samples."""

SECONDS: Final = 600
"""How long a page waits for them, on a machine that is busy."""

_DONE: Final = ".done"
_PAUSE: Final = 0.2


class SharedResults:
    """A batch of sample tubes in a process of its own.

    Every process that reads pages has this object, forked from the one that started the batch.
    """

    def __init__(self, samples: Path, base: Path) -> None:
        self.folder = base / "shared"
        self.folder.mkdir()
        shutil.copytree(samples, self.folder / samples.name)
        sheet = Path(samples.name, "shared.csv")
        _write_sheet(self.folder / sheet)
        with (self.folder / "said.txt").open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BATCH, str(sheet)],
                cwd=self.folder,
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=os.name == "posix",
            )

    def result(self, sample: str) -> Path:
        """Return a sample's folder, once it is there.

        Raises:
            PageFaultError: the sample is none of them, or could not be analysed.
        """
        if sample not in SAMPLES:
            raise PageFaultError(f"{sample}: pages may share {', '.join(SAMPLES)}")
        ends = time.monotonic() + SECONDS
        done = self.folder / _DONE
        while not done.exists() and time.monotonic() < ends:
            time.sleep(_PAUSE)
        if not done.exists() or done.read_text(encoding="utf-8") != "0":
            said = (self.folder / "said.txt").read_text(encoding="utf-8")
            raise PageFaultError(f"the samples that pages share were not analysed:\n{said}")
        return self.folder / "results" / sample

    def give(self, sample: str, shop: Workshop, name: str) -> None:
        """Put a sample's folder into a workshop, as if it had been analysed there."""
        shutil.copytree(self.result(sample), shop.folder / name / sample, dirs_exist_ok=True)

    def close(self) -> None:
        """Wait for the process, or end it where it still runs though nobody asked for a result."""
        self._process.terminate()
        self._process.wait()


_BATCH: Final = """
import pathlib, subprocess, sys
done = subprocess.run(
    [sys.executable, "-m", "cd5flow", "batch", sys.argv[1], "--out", "results"], check=False
)
pathlib.Path(".done.part").write_text(str(done.returncode))
pathlib.Path(".done.part").rename(".done")
"""


def _write_sheet(path: Path) -> None:
    """Write the rows of the samples' sheet that are shared, with their controls."""
    with (path.parent / "samples.csv").open(encoding="utf-8", newline="") as whole:
        rows = list(csv.reader(whole))
    names = rows[0].index("sample_id"), rows[0].index("for_sample")
    kept = [row for row in rows[1:] if {row[n] for n in names} & set(SAMPLES)]
    with path.open("w", encoding="utf-8", newline="") as part:
        csv.writer(part).writerows([rows[0], *kept])
