"""Tubes that a laboratory brings, drawn by a simulator independent of the product's rules.

`draw("two-clones", rng=rng, events=40_000)` gives a tube with the truth of every event, `fmo` its
control without CD5 (same specimen, other cells), `write` an FCS 3.1 file. Shapes are no Gaussians:
multivariate t with skew, correlated between markers and with scatter, mixed within populations;
light is spilled, gets photoelectron and electronic noise and saturates. Settings and their ranges
stand in `clinic_families`, cells in `clinic_cells`, dyes and cytometers in `clinic_panels`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from clinic_cells import STAGES
from clinic_families import FAMILIES, Setting, draw_settings
from clinic_panels import Floats, Matrix
from clinic_specimens import Specimen, make_specimen

__all__ = ["FAMILIES", "DrawnTube", "Facts", "draw", "fmo", "write"]

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int16]

_T_KINDS: Final = frozenset({"t_cd4", "t_cd8", "t_gamma_delta", "t_lgl", "t_activated"})
_GRANS: Final = frozenset({"granulocyte", "immature_granulocyte", "eosinophil"})
_LN10: Final = np.float32(np.log(10.0))
DAY_SECONDS: Final = 180.0
LOD_EVENTS: Final = 20
"""Events that make a limit of detection (CLSI EP17); below 200,000 cells it is over 0.01 %."""


@dataclass(frozen=True)
class Facts:
    """What a right answer says. Percentages; None where there is no blast.

    `burden_percent` counts blasts of all nucleated single cells, `burden_cd45_percent` without
    erythroblasts. `cd5_percent` is biological (antigen that would show above the 99th percentile
    of the blasts' background), `cd5_measured_percent` what lies above that percentile in this
    file, the best an FMO can give. `withheld_is_right`: no definite answer is owed.
    """

    blasts: int
    nucleated: int
    burden_percent: float
    burden_cd45_percent: float
    cd5_percent: float | None
    cd5_measured_percent: float | None
    disease_free: bool
    undecidable: bool
    why: str
    withheld_is_right: bool


@dataclass(frozen=True)
class DrawnTube:
    """A drawn tube; per-event arrays are in file order.

    `events` (n x channels) are measured, linear values, `signals` (n x dyes) the compensated truth
    without noise. `population` holds indices into `names`; `clone` is 0 for what is no blast.
    """

    specimen: Specimen
    events: Floats
    channels: list[tuple[str, str]]
    spillover: tuple[tuple[str, ...], Matrix]
    signals: Floats
    names: tuple[str, ...]
    population: Ints
    is_blast: Mask
    clone: Ints
    is_cd5_positive: Mask
    is_nucleated: Mask
    facts: Facts
    ssc_gain: float

    @property
    def codes(self) -> npt.NDArray[np.str_]:
        """Name of each event's population."""
        return np.asarray(self.names)[self.population]


@dataclass
class _Cells:
    """Cells before the detectors: light by antigen, autofluorescence, scatter, kind."""

    light: Floats
    glow: Floats
    fsc: Floats
    ssc: Floats
    code: Ints
    ratio: Floats


def draw(
    family: str, *, rng: np.random.Generator, events: int | None = None, **settings: Setting
) -> DrawnTube:
    """Draw a tube of a family; settings not given are drawn from its ranges.

    Raises:
        KeyError: an unknown family or setting.
    """
    given = dict(settings)
    if events is not None:
        given["events"] = events
    chosen = draw_settings(family, rng, given) | {"family": family}
    specimen = make_specimen(chosen, rng)
    return _acquire(specimen, int(float(chosen["events"])), rng, without_cd5=False, gain=None)


def fmo(tube: DrawnTube, *, rng: np.random.Generator, events: int | None = None) -> DrawnTube:
    """Draw the FMO of a tube: the same specimen and day, other cells, no CD5 reagent."""
    return _acquire(
        tube.specimen, events or len(tube.events), rng, without_cd5=True, gain=tube.ssc_gain
    )


def _normal(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.standard_normal(shape, dtype=np.float32)


def _single_cells(sp: Specimen, n: int, rng: np.random.Generator) -> _Cells:
    counts = rng.multinomial(n, sp.weights)
    code = np.repeat(np.arange(len(sp.kinds), dtype=np.int16), counts)
    m = len(sp.antigens)
    bond = np.asarray([k.bond for k in sp.kinds], np.float32)[code][:, None]
    half = sp.tail[code] / 2
    tail = np.sqrt(half / rng.standard_gamma(half, dtype=np.float32))
    common, size, grain = _normal(rng, n), _normal(rng, n), _normal(rng, n)
    by_size = np.float32(0.2)
    y = bond * common[:, None] + by_size * size[:, None]
    y = y + np.sqrt(1 - bond**2 - by_size**2) * _normal(rng, n, m)
    y *= tail[:, None]
    np.clip(y, -5.0, 5.0, out=y)
    skew = sp.skew[code]
    y = np.expm1(skew * y) / skew - skew / 2
    mode = sp.mode[code]
    for column in np.flatnonzero(sp.share.any(axis=0)).tolist():
        there = rng.random(n, dtype=np.float32) < sp.share[code, column]
        mode[there, column] = sp.other[code[there], column]
    _mature(sp, code, mode, rng)
    light = np.exp(_LN10 * (mode + sp.sd[code] * y))
    scatter = np.asarray([(k.fsc, k.fsc_sd, k.ssc, k.ssc_sd, k.glow) for k in sp.kinds], "f4")[code]
    mild = np.minimum(tail, 1.8)
    fsc = scatter[:, 0] * np.exp(scatter[:, 1] * mild * (0.9 * size + 0.44 * _normal(rng, n)))
    rough = 0.45 * size + 0.2 * common + 0.87 * grain
    ssc = scatter[:, 2] * np.exp(scatter[:, 3] * mild * (rough + 0.12 * (grain * grain - 1)))
    own = (scatter[:, 4] * fsc**0.5 * np.exp(0.22 * _normal(rng, n)))[:, None]
    glow = own * np.exp(0.12 * _normal(rng, n, len(sp.glow))) * sp.glow
    ratio = 1 + 0.03 * mild * _normal(rng, n) + np.where(rng.random(n) < 0.02, 0.09, 0).astype("f4")
    ratio *= fsc ** np.float32(sp.cytometer.spread_by_size)
    return _Cells(light, glow, fsc, ssc, code, ratio)


def _mature(sp: Specimen, code: Ints, mode: Floats, rng: np.random.Generator) -> None:
    """Put thymocytes on their smear of maturation; late ones keep CD4 or CD8."""
    smear = [i for i, k in enumerate(sp.kinds) if k.smear]
    if not smear:
        return
    rows = np.flatnonzero(code == smear[0])
    age = np.clip(rng.beta(2.2, 2.0, rows.size) * 1.05, 0, 1)
    levels = sp.maturation + (sp.mode[smear[0]] - 1.3)
    late = age > 0.8
    helper = rng.random(rows.size) < 0.65
    for column, antigen in enumerate(sp.antigens):
        value = np.interp(age, STAGES, levels[:, column])
        if antigen in {"CD4", "CD8"}:
            value = np.where(late & (helper != (antigen == "CD4")), levels[0, column], value)
        mode[rows, column] = value
    bright = sp.maturation.max(axis=0) > 2
    sp.sd[smear[0], bright] = np.minimum(sp.sd[smear[0], bright], 0.2)


def _doublets(sp: Specimen, cells: _Cells, n: int, rng: np.random.Generator) -> _Cells:
    """Join two cells at random, a quarter of them a T cell and a granulocyte."""
    solid = np.asarray([k.nucleated for k in sp.kinds])[cells.code]
    pool = np.flatnonzero(solid)
    first, second = rng.choice(pool, n), rng.choice(pool, n)
    names = [k.name for k in sp.kinds]
    t_cells = np.flatnonzero(np.isin(cells.code, [i for i, k in enumerate(names) if k in _T_KINDS]))
    grans = np.flatnonzero(np.isin(cells.code, [i for i, k in enumerate(names) if k in _GRANS]))
    if t_cells.size and grans.size:
        k = n // 4
        first[:k], second[:k] = rng.choice(t_cells, k), rng.choice(grans, k)
    beside = rng.random(n) < 0.12
    ratio = np.where(beside, rng.uniform(1.03, 1.2, n), rng.uniform(1.28, 1.95, n))
    return _Cells(
        cells.light[first] + cells.light[second],
        cells.glow[first] + cells.glow[second],
        cells.fsc[first] + cells.fsc[second],
        cells.ssc[first] + cells.ssc[second],
        np.full(n, len(sp.kinds), np.int16),
        (ratio * (cells.ratio[first] + cells.ratio[second]) / 2).astype(np.float32),
    )


def _aggregates(sp: Specimen, n: int, rng: np.random.Generator) -> _Cells:
    """Clumps of antibody: far beyond every population in most dyes at once [D]."""
    m = len(sp.antigens)
    core = rng.normal(5.05, 0.2, (n, 1)) + np.log10(sp.cytometer.light)
    level = core + rng.normal(0, 0.18, (n, m))
    level = np.where(rng.random((n, m)) < 0.75, level, level - 2.5)
    size = rng.lognormal(0, 0.5, n).astype("f4")
    return _Cells(
        (10**level).astype("f4"), sp.glow * size[:, None], size,
        (1.6 * size * rng.lognormal(0, 0.4, n)).astype("f4"),
        np.full(n, len(sp.kinds) + 1, np.int16),
        np.asarray(rng.normal(1.05, 0.08, n), "f4").clip(0.8, 2),
    )  # fmt: skip


def _joined(parts: list[_Cells], order: npt.NDArray[np.intp]) -> _Cells:
    def column(name: str) -> Any:
        return np.concatenate([getattr(p, name) for p in parts])[order]

    return _Cells(*(column(f) for f in ("light", "glow", "fsc", "ssc", "code", "ratio")))


def _acquire(
    sp: Specimen, n: int, rng: np.random.Generator, *, without_cd5: bool, gain: float | None
) -> DrawnTube:
    settings = sp.settings
    n_pairs = round(n * float(settings["doublets"]) / 100)
    n_clumps = int(rng.poisson(n * float(settings["outliers"]) / 100))
    singles = _single_cells(sp, n - n_pairs - n_clumps, rng)
    parts = [singles, _doublets(sp, singles, n_pairs, rng), _aggregates(sp, n_clumps, rng)]
    cells = _joined(parts, rng.permutation(n))
    if without_cd5:
        cells.light[:, sp.antigens.index("CD5")] = 0
    own = cells.light @ sp.route
    true = own + cells.glow
    raw = true @ sp.spill.astype(np.float32)
    width = np.sqrt(np.maximum(raw, 0) * sp.photons + sp.electronic**2)
    raw += width * _normal(rng, *raw.shape)
    np.minimum(raw, np.float32(sp.cytometer.upper), out=raw)
    gain = _side_scatter_gain(sp, cells.ssc) if gain is None else gain
    columns = _scatter(sp, cells, gain, rng)
    stamps = np.sort(rng.random(n)) * DAY_SECONDS / sp.cytometer.timestep
    events = np.empty((n, len(sp.channels)), np.float32)
    for i, name in enumerate(sp.cytometer.parameters):
        events[:, i] = columns[name]
    events[:, len(sp.cytometer.parameters) : -1] = raw
    events[:, -1] = stamps
    # A generator of its own, so that the truth's noise moves no event.
    ground = _background(sp, cells, rng.spawn(1)[0])
    return _with_truth(
        sp, cells, events, true,
        cd5=own[:, sp.cd5], ground=ground, without_cd5=without_cd5, gain=gain,
    )  # fmt: skip


def _side_scatter_gain(sp: Specimen, ssc: Floats) -> float:
    """Return the gain that puts the wanted share of events at the end of side scatter."""
    wanted = float(sp.settings["offscale"]) / 100
    if wanted <= 0:
        return sp.ssc_gain
    # Beyond the granulocytes nothing follows: voltages are set for lymphocytes [D].
    wanted = min(wanted, 0.92 * float((ssc > 3.2).mean()))
    if wanted <= 0.002:
        return sp.ssc_gain
    edge = float(np.quantile(ssc, 1 - wanted))
    return max(sp.ssc_gain, min(sp.cytometer.upper / edge, 3.0 * sp.ssc_gain))


def _scatter(
    sp: Specimen, cells: _Cells, gain: float, rng: np.random.Generator
) -> dict[str, Floats]:
    """Return every pulse parameter; area over height grows with the length of the pulse."""
    meter, n = sp.cytometer, cells.fsc.size
    top = np.float32(meter.upper)
    fsc, ssc = sp.fsc_gain * cells.fsc, gain * cells.ssc
    fsc_h = fsc / cells.ratio * (1 + 0.008 * _normal(rng, n))
    ssc_h = ssc / cells.ratio**0.8 * (1 + 0.02 * _normal(rng, n)) * 0.95
    wide = meter.width * cells.ratio * (1 + 0.012 * _normal(rng, n))
    return {
        name: np.minimum(values.astype(np.float32), top)
        for name, values in {
            "FSC-A": fsc, "FSC-H": fsc_h, "FSC-W": wide, "FSC-Width": wide,
            "SSC-A": ssc, "SSC-H": ssc_h, "SSC-W": wide * cells.ratio**-0.15,
        }.items()
    }  # fmt: skip


def _background(sp: Specimen, cells: _Cells, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 99th percentile and median of what cells show in CD5 without the reagent.

    The cells are the blasts, or below 200 of them all nucleated ones; noise is drawn anew, as the
    light of bright CD5 has a noise that no FMO has.
    """
    blasts = np.asarray([k.is_blast for k in sp.kinds] + [False, False])[cells.code]
    solid = np.asarray([k.nucleated for k in sp.kinds] + [False, False])[cells.code]
    rows = np.flatnonzero(blasts if blasts.sum() >= 200 else solid)[:20_000]
    if not rows.size:
        return 0.0, 0.0
    light = cells.light[rows].copy()
    light[:, sp.antigens.index("CD5")] = 0
    raw = (light @ sp.route + cells.glow[rows]) @ sp.spill.astype(np.float32)
    raw += np.sqrt(np.maximum(raw, 0) * sp.photons + sp.electronic**2) * _normal(rng, *raw.shape)
    shown = raw @ np.linalg.inv(sp.spill_file)[:, sp.cd5].astype(np.float32)
    cut, middle = np.quantile(shown, (0.99, 0.5))
    return float(cut), float(middle)


def _with_truth(
    sp: Specimen, cells: _Cells, events: Floats, true: Floats, *,
    cd5: Floats, ground: tuple[float, float], without_cd5: bool, gain: float,
) -> DrawnTube:  # fmt: skip
    code = cells.code
    kinds = sp.kinds
    names = (*(k.name for k in kinds), "doublet", "aggregate")
    blast = np.asarray([k.is_blast for k in kinds] + [False, False])[code]
    nucleated = np.asarray([k.nucleated for k in kinds] + [False, False])[code]
    red = np.asarray([name == "erythroblast" for name in names])[code]
    clone = np.asarray([k.clone for k in kinds] + [0, 0], np.int16)[code]
    first = len(sp.cytometer.parameters)
    shown = events[:, first:-1] @ np.linalg.inv(sp.spill_file)[:, sp.cd5].astype(np.float32)
    cut, middle = ground
    positive = cd5 > cut - middle
    n_blast, n_cells = int(blast.sum()), int(nucleated.sum())
    free = not sp.clones
    # Red cells carry no CD45, which is what a tube without a nuclear dye counts by.
    few = int((nucleated & ~red).sum()) < LOD_EVENTS / 1e-4
    mystery = sp.undecidable
    facts = Facts(
        blasts=n_blast,
        nucleated=n_cells,
        burden_percent=100 * n_blast / max(n_cells, 1),
        burden_cd45_percent=100 * n_blast / max(int((nucleated & ~red).sum()), 1),
        cd5_percent=float(100 * positive[blast].mean()) if n_blast else None,
        cd5_measured_percent=float(100 * (shown[blast] > cut).mean()) if n_blast else None,
        disease_free=free,
        undecidable=bool(mystery),
        why=mystery,
        withheld_is_right=bool(mystery)
        or (few and n_blast < LOD_EVENTS)
        or float(sp.settings["thymocytes"]) > 0
        or float(sp.settings["aml"]) > 0,
    )
    channels = list(sp.channels)
    if without_cd5:
        at = first + sp.cd5
        channels[at] = (channels[at][0], "")
    return DrawnTube(
        specimen=sp, events=events, channels=channels,
        spillover=(sp.detectors, sp.spill_file), signals=true, names=names, population=code,
        is_blast=blast, clone=clone, is_cd5_positive=positive, is_nucleated=nucleated,
        facts=facts, ssc_gain=gain,
    )  # fmt: skip


def write(tube: DrawnTube, folder: Path, name: str) -> Path:
    """Write an FCS 3.1 list-mode file of float32, linear, with $SPILLOVER; return its path."""
    meter = tube.specimen.cytometer
    detectors, matrix = tube.spillover
    events = np.ascontiguousarray(tube.events, dtype="<f4")
    spill = [str(len(detectors)), *detectors, *(f"{v:.6g}" for v in matrix.ravel().tolist())]
    words = {
        "$MODE": "L", "$DATATYPE": "F", "$BYTEORD": "1,2,3,4", "$NEXTDATA": "0",
        "$BEGINANALYSIS": "0", "$ENDANALYSIS": "0", "$BEGINSTEXT": "0", "$ENDSTEXT": "0",
        "$PAR": str(events.shape[1]), "$TOT": str(len(events)), "$TIMESTEP": str(meter.timestep),
        "$CYT": f"SECOND-SIMULATOR {meter.name}", "$DATE": "14-OCT-2026", "$BTIM": "10:00:00",
        "$ETIM": "10:03:00", "$FIL": f"{name}.fcs", "$SPILLOVER": ",".join(spill),
    }  # fmt: skip
    for i, (detector, label) in enumerate(tube.channels, start=1):
        top = meter.top
        if detector == "Time":
            top = max(top, float(np.ceil(DAY_SECONDS / meter.timestep)))
        words |= {
            f"$P{i}N": detector, f"$P{i}B": "32", f"$P{i}R": f"{top:.0f}",
            f"$P{i}E": "0,0", f"$P{i}G": "1.0",
        }  # fmt: skip
        if label:
            words[f"$P{i}S"] = label
    path = folder / f"{name}.fcs"
    path.write_bytes(_fcs(words, events.tobytes()))
    return path


def _fcs(words: dict[str, str], data: bytes) -> bytes:
    """Return a whole file: header, text from byte 256, data behind it (ISAC FCS 3.1)."""
    start = 256

    def text(begin: int, end: int) -> bytes:
        every = words | {"$BEGINDATA": f"{begin:012d}", "$ENDDATA": f"{end:012d}"}
        return ("|" + "|".join(f"{k}|{v}" for k, v in every.items()) + "|").encode()

    begin = start + len(text(0, 0))
    end = begin + len(data) - 1
    body = text(begin, end)
    fits = end < 10**8
    numbers = (start, begin - 1, begin if fits else 0, end if fits else 0, 0, 0)
    header = b"FCS3.1    " + b"".join(struct.pack("8s", f"{v:>8d}".encode()) for v in numbers)
    return header.ljust(start) + body + data
