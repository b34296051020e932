"""Where the checkout and the corpora beside it are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLES: Final = ROOT / "sample_fcs"
PROTOCOLS: Final = ROOT / "gating" / "protocols"
STRATEGIES: Final = ROOT / "gating" / "strategies"
SHARED: Final = Path(os.environ.get("CD5FLOW_SHARED", ROOT.parent / "shared"))
"""Real files and tubes of known truth that the checkout does not hold; tests skip where absent."""
