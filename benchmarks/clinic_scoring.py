"""Judge an analysis of a drawn tube against its truth, and count a family's errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from clinic_tubes import DrawnTube

Row = dict[str, Any]

THRESHOLD: Final = 70.0
BINS: Final = (("<0.01", 0.0, 0.01), ("0.01-0.1", 0.01, 0.1), ("0.1-1", 0.1, 1.0),
               ("1-5", 1.0, 5.0), (">5", 5.0, 101.0))  # fmt: skip
FOUND: Final = frozenset({"OVERT", "MRD_POSITIVE"})
OPEN: Final = frozenset({"INCONCLUSIVE", "NOT_EVALUABLE"})


def f1(claimed: npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> float | None:
    """Return the harmonic mean of precision and recall; None where both sets are empty."""
    both = int(claimed.sum()) + int(true.sum())
    return 2 * int((claimed & true).sum()) / both if both else None


def truth_row(tube: DrawnTube) -> Row:
    """Return settings and facts of a tube, flat."""
    facts, settings = tube.facts, tube.specimen.settings
    row: Row = {f"set_{k}": v for k, v in settings.items() if k != "family"}
    for i, clone in enumerate(tube.specimen.clones, start=1):
        row[f"clone_{i}"] = (
            f"CD45 {clone.cd45:.2f} sCD3 {clone.scd3:.2f} cyCD3 {clone.cycd3:.2f} "
            f"CD7 {clone.cd7:.2f} CD56 {clone.cd56:.2f} CD2 {clone.cd2:.2f} "
            f"CD4 {clone.helper:.2f} CD8 {clone.cytotoxic:.2f} CD5 {clone.cd5:.2f} "
            f"at {clone.cd5_share:.0f}% {'/'.join(sorted(clone.signs))}"
        )
    return row | {
        "true_blasts": facts.blasts,
        "true_nucleated": facts.nucleated,
        "true_burden": facts.burden_percent,
        "true_burden_cd45": facts.burden_cd45_percent,
        "true_cd5": facts.cd5_percent,
        "true_cd5_measured": facts.cd5_measured_percent,
        "disease_free": facts.disease_free,
        "undecidable": facts.undecidable,
        "why": facts.why,
        "withheld_is_right": facts.withheld_is_right,
    }


def answer_row(result: Any, claimed: npt.NDArray[np.bool_], tube: DrawnTube) -> Row:
    """Return the answer's states and numbers, flat."""
    cd5, burden, criterion = result.cd5, result.burden, result.criterion
    reasons = [*cd5.reasons, *burden.reasons, *criterion.reasons]
    codes = sorted({reason.code for reason in reasons})
    return {
        "quality": str(getattr(result.quality.state, "value", result.quality.state)),
        "failed_checks": " ".join(c.code for c in result.quality.checks if c.state.value == "FAIL"),
        "controls": "; ".join(
            " ".join(
                (c.role, "accepted" if c.accepted else "refused", *(r.code for r in c.reasons))
            )
            for c in result.controls
        ),
        "cd5": cd5.state.value,
        "cd5_percent": cd5.percent,
        "burden": burden.state.value,
        "burden_percent": burden.percent,
        "blast_events": burden.blast_events,
        "denominator_events": burden.denominator_events,
        "lod_percent": burden.lod_percent,
        "criterion": criterion.state.value,
        "lineage": str(result.strategy.lineage),
        "codes": " ".join(codes),
        "claimed": int(claimed.sum()),
        "f1": f1(claimed, tube.is_blast),
    }


def _cd5_faults(row: Row, *, diseased: bool) -> list[str]:
    wrong, cd5, true = [], row["cd5"], row["true_cd5"]
    if diseased and cd5 == "MEETS" and true < THRESHOLD:
        wrong.append("MEETS")
    if diseased and cd5 == "DOES_NOT_MEET" and true >= THRESHOLD:
        wrong.append("DOES_NOT_MEET")
    if not diseased and cd5 in {"MEETS", "DOES_NOT_MEET"}:
        wrong.append(f"CD5 {cd5} OF NOTHING")
    if row["criterion"] == "MET" and (not diseased or true < THRESHOLD):
        wrong.append("MET")
    return wrong


def _burden_faults(row: Row, *, diseased: bool) -> list[str]:
    state, value, true = row["burden"], row["burden_percent"], row["true_burden"]
    if state == "NOT_DETECTED" and diseased and true >= 2 * (row["lod_percent"] or 0.01):
        return ["NOT_DETECTED"]
    if state not in FOUND:
        return []
    if not diseased:
        return [f"{state} OF NOTHING"]
    span = sorted((true, row["true_burden_cd45"]))
    if value is None or not span[0] / 2 <= value <= span[1] * 2:
        return ["BURDEN"]
    return []


def judge(row: Row) -> Row:
    """Return `wrong` (faults, joined), `withheld`, `review_lineage` and the log10 error.

    A burden is off where neither convention of the denominator (erythroblasts in or out) brings it
    within a factor of two. `log10_error` is against the denominator without erythroblasts, which
    is what a tube without a nuclear dye can count; `log10_error_all` against all nucleated.
    """
    diseased = row["true_blasts"] > 0
    wrong = _cd5_faults(row, diseased=diseased) + _burden_faults(row, diseased=diseased)
    lineage = "LINEAGE" in row["codes"] or "NOT_DISTINGUISHABLE" in row["codes"]
    withheld = row["burden"] in OPEN
    review = not withheld and row["criterion"] in {"REVIEW", "NOT_EVALUABLE"} and lineage
    value = row["burden_percent"]
    errors: dict[str, float | None] = {"log10_error": None, "log10_error_all": None}
    if diseased and value:
        errors["log10_error"] = math.log10(value / row["true_burden_cd45"])
        errors["log10_error_all"] = math.log10(value / row["true_burden"])
    return {"wrong": "; ".join(wrong), "withheld": withheld, "review_lineage": review, **errors}


def rival_row(claimed: npt.NDArray[np.bool_], row: Row, tube: DrawnTube) -> Row:
    """Return what a rival says of a tube, over the denominator of the answer beside it."""
    whole = row["denominator_events"]
    return {
        "rival_claimed": int(claimed.sum()),
        "rival_percent": 100 * int(claimed.sum()) / whole if whole else None,
        "rival_f1": f1(claimed, tube.is_blast),
    }


def rivals(rows: Sequence[Row]) -> list[Row]:
    """Return the same tubes with the rival's answers; it never withholds one."""
    found = []
    for row in rows:
        if row.get("rival_claimed") is None:
            continue
        value = row["rival_percent"]
        true = (row["true_burden_cd45"], row["true_burden"])
        shown = bool(row["true_blasts"] and value)
        near, whole = ((math.log10(value / t) if shown and t else None) for t in true)
        found.append(
            row
            | {"withheld": False, "f1": row["rival_f1"], "claimed": row["rival_claimed"],
               "burden_percent": value, "log10_error": near, "log10_error_all": whole}
        )  # fmt: skip
    return found


def _is_shown(row: Row) -> bool:
    """Whether the tube counts for F1: 0.1 % and above, and an answer was given."""
    return bool(row["true_burden"] >= 0.1 and not row["withheld"] and row["f1"] is not None)


def _middle(values: Sequence[float], at: float) -> str:
    return f"{np.quantile(values, at):.3f}" if len(values) else "-"


def family_table(rows: Sequence[Row]) -> list[str]:
    """Return one line a family, and all: n, wrong, withheld, F1."""
    head = (
        f"{'family':20s} {'n':>4s} {'wrong':>5s} {'withh':>5s} {'undec':>5s} {'owed':>4s} "
        f"{'review':>6s} {'F1<.5':>5s} {'F1':>6s} {'worst':>6s} {'error':>5s}  kinds of wrong"
    )
    lines = [head]
    families = list(dict.fromkeys(row["family"] for row in rows))
    for family in [*families, "decidable", "all"]:
        own = [
            r
            for r in rows
            if family in {r["family"], "all"}
            or (family == "decidable" and not r.get("undecidable"))
        ]
        done = [r for r in own if not r.get("error")]
        shown = [r["f1"] for r in done if _is_shown(r)]
        kinds: dict[str, int] = {}
        for row in done:
            for kind in filter(None, row["wrong"].split("; ")):
                kinds[kind] = kinds.get(kind, 0) + 1
        # Owed: withheld although an answer could have been given.
        owed = sum(r["withheld"] and not r["withheld_is_right"] for r in done)
        lines.append(
            f"{family:20s} {len(own):4d} {sum(bool(r['wrong']) for r in done):5d} "
            f"{sum(r['withheld'] for r in done):5d} {sum(r['undecidable'] for r in done):5d} "
            f"{owed:4d} {sum(r['review_lineage'] for r in done):6d} "
            f"{sum(v < 0.5 for v in shown):5d} {_middle(shown, 0.5):>6s} {_middle(shown, 0.0):>6s} "
            f"{len(own) - len(done):5d}  " + ", ".join(f"{k} {v}" for k, v in kinds.items())
        )
    return lines


def bin_table(rows: Sequence[Row]) -> list[str]:
    """Return one line a bin of true burden: n, answered, F1, absolute log10 errors."""
    head = (
        f"{'burden %':10s} {'n':>4s} {'number':>6s} {'F1 med':>6s} {'F1 min':>6s} "
        f"{'err med':>7s} {'err p90':>7s} {'all med':>7s} {'all p90':>7s}"
    )
    lines = [head]
    for name, low, high in BINS:
        own = [r for r in rows if not r.get("error") and r["true_blasts"]
               and low <= r["true_burden"] < high]  # fmt: skip
        answered = [r for r in own if not r["withheld"]]
        scores = [r["f1"] for r in answered if r["f1"] is not None]
        near, whole = (
            [abs(r[k]) for r in answered if r[k] is not None]
            for k in ("log10_error", "log10_error_all")
        )
        lines.append(
            f"{name:10s} {len(own):4d} {len(near):6d} {_middle(scores, 0.5):>6s} "
            f"{_middle(scores, 0.0):>6s} {_middle(near, 0.5):>7s} {_middle(near, 0.9):>7s} "
            f"{_middle(whole, 0.5):>7s} {_middle(whole, 0.9):>7s}"
        )
    return lines


def status_agreement(rows: Sequence[Row]) -> str:
    """Return how often "at 0.01 % or above" is answered as it is true, of tubes answered."""
    judged: list[Mapping[str, Any]] = [r for r in rows if not r.get("error") and not r["withheld"]]
    agree = sum(
        (r["true_burden"] >= 0.01) == ((r["burden_percent"] or 0.0) >= 0.01 and r["claimed"] > 0)
        for r in judged
    )
    return f"status at 0.01 %: {agree} of {len(judged)} answered tubes agree"
