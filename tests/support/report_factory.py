"""Results and pictures for the tests of reports: small, whole, and made without a tube."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from cd5flow.model.digest import digest_of
from cd5flow.model.reasons import Reason, sentence, written
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    Check,
    ControlSection,
    CriterionSection,
    CriterionState,
    CutAlternative,
    CutMethod,
    CutSection,
    GateSection,
    MedianSection,
    PanelEntry,
    Pattern,
    PopulationSection,
    ProtocolSection,
    ProvenanceSection,
    QualitySection,
    QualityState,
    Result,
    ReviewSection,
    SampleSection,
    Specimen,
    StrategySection,
    Timepoint,
)
from cd5flow.report.parts import Picture

SHA = "41f032f3f64c23e76e1d8f4b580789e10a3d1ff6e3c74bbdcccb0e4e7a8a8953"
CREATED = "2026-01-31T09:30:00+00:00"


def make_sample(**changes: Any) -> SampleSection:
    return SampleSection(
        **{
            "id": "tube-1",
            "file": "tube-1.fcs",
            "sha256": SHA,
            "events": 14_000,
            "acquired": "2026-01-14T09:30:00",
            "cytometer": "FACSCanto II",
            "timepoint": Timepoint.RELAPSE,
            "specimen": Specimen.BONE_MARROW,
            "prior_therapy": (),
            "patient_id": "P02",
            "collected_at": "2026-01-14",
            **changes,
        }
    )


def make_cut(**changes: Any) -> CutSection:
    return CutSection(
        **{
            "method": CutMethod.FMO,
            "channel": "PerCP-Cy5-5-A",
            "linear": 561.8,
            "scaled": 0.3693,
            "reference": Reason("CUT_REFERENCE", case="percentile", percent=99, role="fmo"),
            "reference_events": 4766,
            "alternatives": (
                CutAlternative(method="internal_negative", linear=598.6, percent=69.2),
            ),
            **changes,
        }
    )


def make_cd5(**changes: Any) -> Cd5Section:
    return Cd5Section(
        **{
            "state": Cd5State.BORDERLINE,
            "reasons": (Reason("CI_SPANS", low=68.2, high=70.4, rule=">= 70 %"),),
            "percent": 69.3,
            "positive_events": 4623,
            "blast_events": 6669,
            "ci95_percent": (68.2, 70.4),
            "band_percent": (68.6, 70.9),
            "threshold_percent": 70.0,
            "operator": ">=",
            "cut": make_cut(),
            "pattern": Pattern.PARTIAL,
            "median": MedianSection(blasts=3673.0, negative_reference=78.7, t_cells=8849.0),
            "stain_index": 24.14,
            **changes,
        }
    )


def unknown_cd5(**changes: Any) -> Cd5Section:
    """CD5 of a tube in which it could not be read."""
    return make_cd5(
        **{
            "state": Cd5State.NOT_EVALUABLE,
            "reasons": (Reason("NO_CD5"),),
            "percent": None,
            "positive_events": 0,
            "blast_events": 0,
            "ci95_percent": None,
            "band_percent": None,
            "cut": None,
            "pattern": None,
            "median": MedianSection(blasts=None, negative_reference=None, t_cells=None),
            "stain_index": None,
            **changes,
        }
    )


def make_burden(**changes: Any) -> BurdenSection:
    return BurdenSection(
        **{
            "state": BurdenState.OVERT,
            "reasons": (
                Reason("ABOVE_BURDEN_LIMIT", blasts=6669, total=11_203, percent=59.53, limit=5),
            ),
            "percent": 59.5287,
            "blast_events": 6669,
            "denominator": "viable single cells that carry CD45",
            "denominator_events": 11_203,
            "ci95_percent": (58.6, 60.4),
            "upper95_percent": 60.3,
            "lod_percent": 0.1785,
            "lloq_percent": 0.4463,
            "level": ">=5%",
            **changes,
        }
    )


def seen(reason: Reason) -> dict[str, Any]:
    """Return what a check saw, as text and as data."""
    return {"message": sentence(reason), "message_data": (reason,)}


def make_check(**changes: Any) -> Check:
    said = {"message": changes["message"]} if "message" in changes else {}
    return Check(
        **{
            "code": "DOUBLETS",
            "state": QualityState.PASS,
            "value": 4.27,
            "unit": "% of cells",
            "warn": 15.0,
            "fail": 40.0,
            **(said or seen(Reason("DOUBLETS", case="seen", percent=4.27))),
            **changes,
        }
    )


CHECKS = (
    make_check(),
    make_check(
        code="VIABILITY",
        state=QualityState.NOT_DONE,
        value=None,
        unit="% of singlets",
        warn=80.0,
        fail=50.0,
        **seen(Reason("VIABILITY", case="not_assessed")),
    ),
    make_check(
        code="UNSTABLE_TIME",
        state=QualityState.WARN,
        value=17.3,
        unit="% of run time",
        warn=5.0,
        fail=None,
        **seen(Reason("UNSTABLE_TIME", case="unstable", spans="9.4-12.0", seconds=15)),
    ),
    make_check(
        code="COMPENSATION",
        value=1.39,
        unit="condition number",
        warn=20.0,
        fail=100.0,
        **seen(Reason("COMPENSATION", case="known", source="$SPILLOVER")),
    ),
)


def make_population(name: str, events: int, **changes: Any) -> PopulationSection:
    gate = GateSection(
        method="valley",
        region={"shape": "interval"},
        events_seen=events,
        evidence={},
        note=Reason("FOUND", case="valley", axis="CD45"),
        why="because",
        expected_percent=(5.0, 100.0),
    )
    return PopulationSection(
        **{
            "name": name,
            "path": f"all/{name}",
            "parent": "all",
            "events": events,
            "percent_of_parent": 50.0,
            "percent_of_denominator": None,
            "gate": gate,
            **changes,
        }
    )


POPULATIONS = (
    make_population("singlets", 12_069),
    make_population("nucleated", 11_203, parent="singlets", path="all/singlets/nucleated"),
    make_population(
        "blasts",
        6669,
        parent="singlets",
        path="all/singlets/blasts",
        percent_of_denominator=59.5287,
    ),
    make_population("cd5_positive", 0, parent=None, percent_of_parent=None, gate=None),
)


def make_result(**changes: Any) -> Result:
    """Return a whole result of a borderline tube; `changes` replace whole sections."""
    result = Result(
        **{
            "sample": make_sample(),
            "strategy": StrategySection(
                name="t-all-relapse",
                version="1.0.0",
                sha256=SHA,
                lineage="cyCD3+ sCD3-",
                choice=Reason("CHOICE", case="auto", strategy="t-all-relapse", timepoint="relapse"),
            ),
            "protocol": ProtocolSection(name="cd5-cart-70", version="1.0", sha256=SHA),
            "controls": (
                ControlSection(
                    role="fmo",
                    file="tube-1_FMO-CD5.fcs",
                    sha256=SHA[::-1],
                    accepted=False,
                    reasons=(Reason("OTHER_DAY", other="2026-01-15", own="2026-01-14"),),
                ),
            ),
            "panel": (
                PanelEntry(channel="FSC-A", marker="FSC", label=None),
                PanelEntry(channel="V500-A", marker="CD45", label="CD45 V500"),
            ),
            "quality": QualitySection(state=QualityState.WARN, checks=CHECKS),
            "populations": POPULATIONS,
            "cd5": make_cd5(),
            "burden": make_burden(),
            "criterion": CriterionSection(
                state=CriterionState.REVIEW,
                flow_state=CriterionState.REVIEW,
                reasons=(Reason("CD5_BORDERLINE"),),
            ),
            "review": ReviewSection(),
            "provenance": ProvenanceSection(
                cd5flow="0.1.0",
                python="3.11.7",
                packages={"numpy": "2.4.6"},
                created=CREATED,
                seed=0,
                settings={
                    "dataset": 1,
                    "marker_table": {"version": "1.0.0", "sha256": SHA},
                    "clinical": {"ecog": 1, "mrd_persistent": True},
                },
            ),
            "findings": (Reason("HEIGHT_USED", markers=("FSC (FSC-H)",)),),
            **changes,
        }
    )
    return result.sealed()


def resealed(plain: dict[str, Any]) -> str:
    """Return a result that was changed as JSON, with the digest of what it is now."""
    return json.dumps(plain | {"digest": digest_of(plain)})


def png(width: int = 4, height: int = 3) -> bytes:
    """Return a grey PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x99" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">'
    '<rect width="20" height="10" fill="#2b6ca3"/></svg>'
)


def make_pictures() -> tuple[Picture, ...]:
    return (
        Picture("blasts", "Blasts", "6,669 blasts, 98.8 % of their parent", png(), SVG),
        Picture("nucleated", "Nucleated cells", "11,203 nucleated cells", png()),
    )


HOSTILE = {
    "typst": '#strong[bold] *bold* _it_ $x^2$ #eval("1") @ref <label> // gone /* gone */ = head',
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;&lt;</style></svg>]]>",
    "jinja": "{{ 7 * 7 }}{% raw %}{# gone #}",
    "formula": '=HYPERLINK("http://example.com","x")',
    "css": '"; } body { display: none } \\22 \\A',
    "long": "W" * 200,
    "chinese": "患者张三",
    "emoji": "\N{GRINNING FACE}\N{BRAIN}",
    "control": "a\x00b\x07c\x1b[31md\x7fe\u202ef\u200bg",
    "lines": "one\ntwo\r\nthree\tfour",
    "marks": "e" + "\u0301" * 30,
    "fields": "{page} {count} %s %(x)s \\u{41}",
}
"""Text that would do harm where it is read as anything but text."""


def hostile_result(text: str) -> Result:
    """Return a result with a text in every field that comes from a file or a person."""
    whole = make_result()
    return make_result(
        sample=make_sample(id=text, file=text, cytometer=text, patient_id=text, acquired=text),
        panel=(PanelEntry(channel=text, marker=text, label=text),),
        controls=(
            ControlSection(
                role="fmo", file=text, sha256=SHA, accepted=False, reasons=(written(text),)
            ),
        ),
        quality=QualitySection(
            state=QualityState.WARN,
            checks=(make_check(state=QualityState.WARN, message=text, unit=text),),
        ),
        strategy=whole.strategy.model_copy(
            update={"name": text, "lineage": text, "choice": written(text)}
        ),
        protocol=whole.protocol.model_copy(update={"name": text, "version": text}),
        cd5=whole.cd5.model_copy(update={"reasons": (Reason("CODE", text=text),)}),
        burden=whole.burden.model_copy(update={"denominator": text, "reasons": (written(text),)}),
        review=ReviewSection(state="confirmed", by=text, at=text, comment=text),
        provenance=whole.provenance.model_copy(
            update={"packages": {text: text}, "settings": {"clinical": {text: text}}}
        ),
        findings=(Reason("CODE", text=text), written(text)),
    )


def hostile_pictures(text: str) -> tuple[Picture, ...]:
    return (Picture(text, text, text, png(), SVG), Picture(f"{text}/2", text, text, png()))
