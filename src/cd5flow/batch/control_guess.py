"""Which tubes are controls, and whose: guessed from names, keywords, panels and days, each with its reason.

A guess that is not sure is left open and named; nothing here is used without a person who looks at it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from cd5flow.analysis.option_words import Role
from cd5flow.batch.name_words import Kind, NameReading, without_counters
from cd5flow.batch.tube_facts import PanelFacts, TubeFacts, TubeReader
from cd5flow.model.names import READOUT

_NAMED: Final = 3
"""Candidates that a reason names."""

_PANEL: Final = "the panel of {} without a label for CD5"
_NEVER: Final = frozenset({"other", "positive"})
_ROLES: Final[dict[Kind, Role]] = {"fmo": "fmo", "isotype": "isotype"}


@dataclass(frozen=True, slots=True)
class Guess:
    """What a tube is likely to be.

    Attributes:
        role: a sample, or the control it is; empty where that is open.
        partner: of a control, the number of the sample it belongs to; None where that is open.
        is_control: whether it is likely none of a patient's own tubes, its role open or not.
        why: what tells so, in one line.
        reasons: why the role and the partner were taken, or are open.
    """

    role: Literal["sample", "", "fmo", "isotype", "positive"]
    partner: int | None = None
    is_control: bool = False
    why: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Control:
    """A tube that is likely a control.

    Attributes:
        number: which tube.
        kind: what it is.
        why: what tells so.
        by_panel: whether its panel tells so, the label of CD5 being all that it lacks.
    """

    number: int
    kind: Kind
    why: str
    by_panel: bool = False


def guess_roles(tubes: Sequence[TubeFacts], reader: TubeReader) -> list[Guess]:
    """Guess role and partner of each tube from all of them together."""
    by_words = {n: tube.kind for n, tube in enumerate(tubes) if tube.kind and not tube.name.weak}
    lacking = _by_panel(
        tubes, [n for n in range(len(tubes)) if by_words.get(n) not in _NEVER], reader
    )
    by_panel = {n: found for n, found in lacking.items() if n not in by_words}
    samples = [n for n in range(len(tubes)) if n not in by_words and n not in by_panel]
    weak = {n for n in samples if tubes[n].kind and _has_namesake(tubes, n, samples)}
    samples = [n for n in samples if n not in weak]
    controls = [_Control(n, kind, tubes[n].why, n in lacking) for n, kind in by_words.items()]
    controls += [_Control(n, kind, why, by_panel=True) for n, (kind, why) in by_panel.items()]
    controls += [_Control(n, "fmo", tubes[n].why) for n in weak]
    guesses = {one.number: _guess(one, tubes, samples, reader) for one in controls}
    _open_rivals(guesses, tubes)
    for n in samples:
        role: Literal["sample", ""] = "" if tubes[n].panel is None else "sample"
        guesses[n] = Guess(role, reasons=(_about_sample(tubes[n]),))
    return [guesses[n] for n in range(len(tubes))]


def _about_sample(tube: TubeFacts) -> str:
    if tube.panel is None:
        return f"cannot be read: {tube.fault}"
    if not tube.panel.labels:
        return "sample: no word or panel of a control; no label names CD5"
    return f"sample: CD5 on {', '.join(tube.panel.labels)}, no word of a control"


def _by_panel(
    tubes: Sequence[TubeFacts], rest: Sequence[int], reader: TubeReader
) -> dict[int, tuple[Kind, str]]:
    """Return tubes whose panel is another's but for the label of CD5, with the kind and the reason."""
    with_cd5: dict[object, int] = {}
    for n in rest:
        panel = tubes[n].panel
        if panel is not None and panel.labels and tubes[n].kind is None:
            with_cd5.setdefault((panel.detectors, panel.others), n)
    found: dict[int, tuple[Kind, str]] = {}
    for n in rest:
        panel = tubes[n].panel
        if panel is None or panel.labels:
            continue
        like = with_cd5.get((panel.detectors, panel.others))
        if like is None or len(panel.others) < reader.names.limits.labels_shared:
            continue
        model = tubes[like].panel
        assert model is not None  # noqa: S101 - only tubes with a panel are in the table
        texts = [panel.texts.get(detector, "") for detector in model.labels]
        isotype = any(reader.kind_of_label(text) == "isotype" for text in texts)
        kind: Kind = "isotype" if isotype else "fmo"
        found[n] = kind, _PANEL.format(tubes[like].place)
    return found


def _has_namesake(tubes: Sequence[TubeFacts], number: int, samples: Sequence[int]) -> bool:
    """Whether a tube has another's name but for the words of a control."""
    own = tubes[number].name.whose
    return bool(own) and any(
        n != number and tubes[n].name.whose == own and not tubes[n].kind for n in samples
    )


def _guess(
    control: _Control, tubes: Sequence[TubeFacts], samples: Sequence[int], reader: TubeReader
) -> Guess:
    tube = tubes[control.number]
    left_open = Guess("", is_control=True, why=control.why)
    role = _ROLES.get(control.kind)
    if role is None:
        what = {
            "other": "no patient's tube and no control of CD5: leave its row out",
            "positive": "a positive control: give role and for_sample by hand",
        }.get(control.kind, "a control of some kind: give role and for_sample, or role sample")
        return replace(left_open, reasons=(f"{control.why}: {what}",))
    if role == "fmo" and tube.name.is_other_marker:
        markers = " and ".join(tube.name.left_out)
        what = f"an FMO of {markers}, not of CD5: leave its row out"
        return replace(left_open, reasons=(f"{control.why}: {what}",))
    partner, why = _partner(control, tubes, samples)
    if partner is None:
        return replace(left_open, reasons=(f"likely {role}: {control.why}", f"open: {why}"))
    doubt = _other_channel(role, tube, tubes[partner], reader)
    if doubt:
        return replace(left_open, reasons=(f"likely {role}: {control.why}", f"open: {doubt}"))
    reasons = (f"{role}: {control.why}", f"for {tubes[partner].place}: {why}")
    return Guess(role, partner, is_control=True, why=control.why, reasons=reasons)


def _other_channel(role: Role, tube: TubeFacts, sample: TubeFacts, reader: TubeReader) -> str:
    """Return why a control is one of another channel than CD5's; empty where nothing says so."""
    if role != "fmo" or sample.panel is None:
        return ""
    if tube.name.dye and not reader.dye_is_on(tube.name.dye, sample.panel):
        return f"an FMO of {tube.name.dye}, and CD5 is on {', '.join(sample.panel.labels)}"
    missing = frozenset[str]() if tube.panel is None else tube.panel.lacks(sample.panel)
    if missing and READOUT not in missing and READOUT not in tube.name.left_out:
        return f"its labels lack {', '.join(sorted(missing))}, and CD5 is there"
    return ""


def _partner(
    control: _Control, tubes: Sequence[TubeFacts], samples: Sequence[int]
) -> tuple[int | None, str]:
    """Return the sample that a control belongs to, or None, and why."""
    tube = tubes[control.number]
    fitting = [n for n in samples if _fits(tube, tubes[n])]
    if not fitting:
        return None, "no tube here has its channels and CD5"
    same_day = [n for n in fitting if None in (tube.day, tubes[n].day) or tube.day == tubes[n].day]
    if not same_day:
        return None, f"no tube with its channels and CD5 was run on its day, {tube.day}"
    named = _by_name(tube, tubes, same_day)
    left, words = named or same_day, ["the same name but for the words of a control"] * bool(named)
    for what, shared in _FURTHER.items():
        narrowed = [n for n in left if shared(tube, tubes[n])] if len(left) > 1 else []
        if narrowed and len(narrowed) < len(left):
            left = narrowed
            words.append(what)
    if len(left) > 1:
        places = [tubes[n].place for n in left]
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        return None, f"it may belong to {', '.join(places[:_NAMED])}{more}"
    (only,) = left
    sample = tubes[only]
    # Panels of one day that differ in the label of CD5 alone belong together by whatever name.
    proven = (
        named or _says_nothing_else(tube.name, sample.name) or tube.identities & sample.identities
    )
    if not proven and not (control.by_panel and None not in (tube.day, sample.day)):
        return None, f"{sample.place} has its channels, but the names differ"
    day = "" if tube.day is None else f", run on {tube.day}"
    return only, ", ".join(words or [f"the only tube of its channels with CD5{day}"])


_FURTHER: Final[Mapping[str, Callable[[TubeFacts, TubeFacts], bool]]] = {
    "the same sample in its keywords": lambda one, other: bool(one.identities & other.identities),
    "in the same folder": lambda one, other: one.file.parent == other.file.parent,
    "the same matrix": lambda one, other: bool(one.matrix) and one.matrix == other.matrix,
}
"""What else may tell whose a control is, in order."""


def _fits(tube: TubeFacts, sample: TubeFacts) -> bool:
    """Whether a control may be a sample's by its channels and instrument."""
    if sample.panel is None or not sample.panel.labels:
        return False
    if tube.panel is None or tube.outline is None or sample.outline is None:
        return True
    cytometers = {tube.outline.cytometer, sample.outline.cytometer} - {None}
    return len(cytometers) < 2 and _panels_fit(tube.panel, sample.panel)


@lru_cache(maxsize=4096)
def _panels_fit(control: PanelFacts, sample: PanelFacts) -> bool:
    return control.fits(sample)


def _by_name(tube: TubeFacts, tubes: Sequence[TubeFacts], pool: Sequence[int]) -> list[int]:
    """Return the samples whose name is a control's, as far as the two tell; the likest of them."""
    likeness = {n: _likeness(tube.name, tubes[n].name) for n in pool}
    best = max(likeness.values())
    return [n for n in pool if likeness[n] == best] if best > (0, 0) else []


def _likeness(control: NameReading, sample: NameReading) -> tuple[int, int]:
    """Return how many words two names share, and how many of the specimen; (0, 0) where they differ."""
    if (
        control.specimens
        and sample.specimens
        and not set(control.specimens) & set(sample.specimens)
    ):
        return 0, 0
    described = len(control.described & sample.described)
    for cut in (frozenset, without_counters):
        one, other = cut(control.whose), cut(sample.whose)
        if one & other and (one <= other or other <= one):
            return len(one & other), described - len(control.described ^ sample.described)
    return 0, 0


def _says_nothing_else(control: NameReading, sample: NameReading) -> bool:
    """Whether one of two names tells nothing of whose its tube is."""
    return not without_counters(control.whose) or not without_counters(sample.whose)


def _open_rivals(guesses: dict[int, Guess], tubes: Sequence[TubeFacts]) -> None:
    """Leave open what two tubes would be to one sample."""
    taken = Counter((one.role, one.partner) for one in guesses.values() if one.partner is not None)
    rivals: dict[object, list[int]] = defaultdict(list)
    for n, one in guesses.items():
        if one.partner is not None and taken[one.role, one.partner] > 1:
            rivals[one.role, one.partner].append(n)
    for numbers in rivals.values():
        for n in numbers:
            one = guesses[n]
            others = ", ".join(tubes[m].place for m in numbers if m != n)
            reasons = (*one.reasons[:1], f"open: {others} would be the same control of that tube")
            guesses[n] = replace(one, role="", partner=None, reasons=reasons)
