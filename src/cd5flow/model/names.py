"""Names that stand for one population, or marker, everywhere: in strategies, results and reports.

A strategy may name its other gates as it likes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final

ALL: Final = "all"
"""The root population: every event of the data set."""
SINGLETS: Final = "singlets"
DENOMINATOR: Final = "nucleated"
"""The cells of which the blasts are a share."""
LYMPHOCYTES: Final = "lymphocytes"
T_CELLS: Final = "t_cells"
"""Normal T cells, against which the blasts' CD5 is held."""
NK_CELLS: Final = "nk_cells"
"""Normal NK cells, which share CD7 with T-ALL."""
BLASTS: Final = "blasts"
LOOK_ALIKES: Final = "look_alikes"
"""Scattered cells that pass the lineage gates as blasts do, where these form no population."""
CD5_POSITIVE: Final = "cd5_positive"
"""The blasts that carry CD5."""

READOUT: Final = "CD5"
"""The marker that is read out, and so may not take part in choosing whose it is."""

LONGEST_FOLDER: Final = 120
"""Bytes of a folder's name; file systems take 255, and the name gets more for a moment."""


def shown_name(name: str) -> str:
    r"""Return a file's name with bytes that are no UTF-8 as ``\xNN``, so that it can be written."""
    if name.isprintable():  # no surrogate is
        return name
    return "".join(f"\\x{ord(c) & 0xFF:02x}" if "\udc80" <= c <= "\udcff" else c for c in name)


def folder_name(sample_id: str) -> str:
    """Return the name of a sample's folder.

    The id in NFC, with ``_`` for all but letters and digits of any script, ``. _ + -`` and space;
    never with a dot at its begin; cut to `LONGEST_FOLDER` bytes.
    """
    whole = unicodedata.normalize("NFC", sample_id)
    name = "".join(c if c.isalnum() or c in "._+- " else "_" for c in whole)
    if name.startswith("."):
        name = f"_{name[1:]}"
    return name.encode()[:LONGEST_FOLDER].decode(errors="ignore") or "_"


def distinct_folder_name(sample_id: str) -> str:
    """Return the name of a sample's folder where another sample, or file, has the plain one."""
    digest = hashlib.sha256(sample_id.encode(errors="surrogatepass")).hexdigest()
    return f"{folder_name(sample_id)}~{digest[:6]}"
