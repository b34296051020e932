"""Make the README's picture of a report's first page anew: `python tools/page_one.py`.

From a sample tube, with what is installed beside this Python. The extra `docs` is not needed.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "images" / "page-one.png"
SAMPLE: Final = "p02-borderline-69"
PPI: Final = 110
COLOURS: Final = 96
"""So many are enough for a report, and a third of the bytes."""

sys.path.insert(0, str(ROOT / "docs" / "extensions"))


def main() -> None:
    """Analyse the tube, and keep page one of its report."""
    from cd5flow_site.pictures import report_page  # noqa: PLC0415 - found by the line above

    tube = ROOT / "sample_fcs" / SAMPLE
    said = ["--timepoint", "relapse", "--specimen", "bone_marrow", "--patient-id", "P02"]
    control = ["--control", f"fmo={tube}_FMO-CD5.fcs"]
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--report", "short", "--out", folder]
        command = [sys.executable, "-m", "cd5flow", "analyze", f"{tube}.fcs"]
        subprocess.run([*command, *said, *control, *wanted], check=True)
        page = report_page(Path(folder, SAMPLE, "report.pdf"), 1, ppi=PPI)
    with Image.open(io.BytesIO(page)) as image:
        PICTURE.parent.mkdir(exist_ok=True)
        image.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
