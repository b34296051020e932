"""Who is in which population, as ``membership.npz``."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from cd5flow.pipeline import Analysis


def membership_npz(analysis: Analysis) -> bytes:
    """Return one boolean array a population of the result, in file order, as NumPy reads them.

    A population that could not be gated has no member. Equal analyses give equal bytes.
    """
    nobody = np.zeros(analysis.result.sample.events, dtype=np.bool_)
    content = io.BytesIO()
    # numpy.savez takes names as keyword arguments, of which "file" is its own.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for population in analysis.result.populations:
            mask = analysis.gating.members.get(population.name, nobody)
            entry = zipfile.ZipInfo(f"{population.name}.npy")  # dated 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as array:
                np.lib.format.write_array(array, mask, allow_pickle=False)
    return content.getvalue()
