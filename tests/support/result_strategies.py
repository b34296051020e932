"""Results of every kind, for properties: any state, unknown wherever the schema allows it, hostile text."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    ControlSection,
    CriterionSection,
    CriterionState,
    CutMethod,
    CutSection,
    MedianSection,
    Pattern,
    PriorTherapy,
    QualitySection,
    QualityState,
    Result,
    ReviewSection,
    SampleSection,
    Specimen,
    Timepoint,
)
from support.report_factory import CHECKS, HOSTILE, SHA, make_result

# A lone surrogate is no text that a file can hold.
texts = st.one_of(st.sampled_from(list(HOSTILE.values())), st.text(max_size=20))
percents = st.floats(0, 100)
ends = st.tuples(percents, percents).map(lambda pair: (min(pair), max(pair)))
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 10**9)
reasons = st.lists(
    st.one_of(
        texts,
        st.sampled_from(
            ["SENSITIVITY_TOO_LOW: few events", "NO_CD5: no channel of this tube carries CD5"]
        ),
    ),
    max_size=3,
).map(tuple)
moments = st.one_of(
    st.sampled_from(
        [
            "2026",
            "2026-01",
            "2026-01-14",
            "20260114",
            "2026-W03-3",
            "2026-01-14T09:30",
            "2026-01-14T09:30:05.25Z",
            "2026-01-14T09:30:00+05:30",
            "2026-01-14T09:30:00+23:59",
            "0001-01-01T00:00:00+23:00",
            "9999-12-31T23:59:59-23:00",
            "2026-02-30",
            "0000",
        ]
    ),
    texts,
)


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), some)


cuts = st.builds(
    CutSection,
    method=st.sampled_from(CutMethod),
    channel=texts,
    linear=numbers,
    scaled=numbers,
    reference=texts,
    reference_events=counts,
    alternatives=st.just(()),
)
cd5_sections = st.builds(
    Cd5Section,
    state=st.sampled_from(Cd5State),
    reasons=reasons,
    percent=maybe(percents),
    positive_events=counts,
    blast_events=counts,
    ci95_percent=maybe(ends),
    band_percent=maybe(ends),
    threshold_percent=percents,
    operator=st.sampled_from([">=", ">"]),
    cut=maybe(cuts),
    pattern=maybe(st.sampled_from(Pattern)),
    median=st.builds(
        MedianSection,
        blasts=maybe(numbers),
        negative_reference=maybe(numbers),
        t_cells=maybe(numbers),
    ),
    stain_index=maybe(numbers),
)
burden_sections = st.builds(
    BurdenSection,
    state=st.sampled_from(BurdenState),
    reasons=reasons,
    percent=maybe(percents),
    blast_events=counts,
    denominator=texts,
    denominator_events=counts,
    ci95_percent=maybe(ends),
    upper95_percent=maybe(percents),
    lod_percent=maybe(percents),
    lloq_percent=maybe(percents),
    level=maybe(st.sampled_from([">=5%", "1-5%", "0.1-1%", "0.01-0.1%", "<0.01%"])),
)
samples = st.builds(
    SampleSection,
    id=texts,
    file=texts,
    sha256=st.one_of(st.just(SHA), texts),
    events=counts,
    acquired=maybe(moments),
    cytometer=maybe(texts),
    timepoint=st.sampled_from(Timepoint),
    specimen=st.sampled_from(Specimen),
    prior_therapy=st.lists(st.sampled_from(PriorTherapy), unique=True).map(tuple),
    patient_id=maybe(texts),
    collected_at=maybe(moments),
    identifiers=st.dictionaries(st.sampled_from(["accession", "specimen_id"]), texts),
)
reviews = st.builds(
    ReviewSection,
    state=st.sampled_from(["unreviewed", "confirmed", "amended", "rejected"]),
    by=maybe(texts),
    at=maybe(moments),
    comment=maybe(texts),
)
controls = st.builds(
    ControlSection,
    role=st.sampled_from(["fmo", "isotype", "positive"]),
    file=texts,
    sha256=texts,
    accepted=st.booleans(),
    reasons=reasons,
)


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Return a result of any kind; its numbers need not agree with each other."""
    states = st.sampled_from(CriterionState)
    return make_result(
        sample=draw(samples),
        controls=tuple(draw(st.lists(controls, max_size=2))),
        quality=QualitySection(
            state=draw(st.sampled_from([QualityState.PASS, QualityState.WARN, QualityState.FAIL])),
            checks=CHECKS,
        ),
        cd5=draw(cd5_sections),
        burden=draw(burden_sections),
        criterion=CriterionSection(
            state=draw(states), flow_state=draw(states), reasons=draw(reasons)
        ),
        review=draw(reviews),
    )
