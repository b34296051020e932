"""Gating-ML text written by hand, as other programs write it."""

from __future__ import annotations

from collections.abc import Sequence

from cd5flow.interop.gatingml_reader import read_gatingml
from cd5flow.model.events import Spillover
from cd5flow.model.populations import GateTree

SPACE = "http://www.isac-net.org/std/Gating-ML/v2.0/"


def document(*parts: str, root: str = "gating:Gating-ML") -> bytes:
    spaces = " ".join(
        f'xmlns:{prefix}="{SPACE}{name}"'
        for prefix, name in (
            ("gating", "gating"),
            ("transforms", "transformations"),
            ("data-type", "datatypes"),
        )
    )
    body = "\n".join(parts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {spaces}>{body}</{root}>'.encode()


def axis(
    name: str,
    *,
    low: float | str | None = None,
    high: float | str | None = None,
    matrix: str | None = "uncompensated",
    scale: str | None = None,
) -> str:
    attributes = {
        "compensation-ref": matrix,
        "transformation-ref": scale,
        "min": low,
        "max": high,
    }
    text = " ".join(f'gating:{key}="{v}"' for key, v in attributes.items() if v is not None)
    return (
        f'<gating:dimension {text}><data-type:fcs-dimension data-type:name="{name}"/>'
        "</gating:dimension>"
    )


def shape(kind: str, name: str | None, *content: str, parent: str | None = None) -> str:
    ids = "" if name is None else f' gating:id="{name}"'
    below = "" if parent is None else f' gating:parent_id="{parent}"'
    return f"<gating:{kind}{ids}{below}>{''.join(content)}</gating:{kind}>"


def rectangle(name: str | None, *axes: str, parent: str | None = None) -> str:
    return shape("RectangleGate", name, *axes, parent=parent)


def point(*values: float | str) -> str:
    return "".join(f'<gating:coordinate data-type:value="{v}"/>' for v in values)


def polygon(name: str, *content: str, points: Sequence[Sequence[float | str]]) -> str:
    corners = "".join(f"<gating:vertex>{point(*p)}</gating:vertex>" for p in points)
    return shape("PolygonGate", name, *content, corners)


def ellipsoid(
    name: str,
    *axes: str,
    mean: Sequence[float | str],
    covariance: Sequence[Sequence[float | str]],
    distance: float | str = 1,
) -> str:
    rows = "".join(
        "<gating:row>"
        + "".join(f'<gating:entry data-type:value="{v}"/>' for v in row)
        + "</gating:row>"
        for row in covariance
    )
    return shape(
        "EllipsoidGate",
        name,
        *axes,
        f"<gating:mean>{point(*mean)}</gating:mean>",
        f"<gating:covarianceMatrix>{rows}</gating:covarianceMatrix>",
        f'<gating:distanceSquare data-type:value="{distance}"/>',
    )


def boolean(
    name: str, operator: str, *references: str, parent: str | None = None, turned: str = ""
) -> str:
    """Return a boolean gate; of references, `turned` is taken as its complement."""
    text = "".join(
        f'<gating:gateReference gating:ref="{ref}"'
        + (' gating:use-as-complement="true"' if ref == turned else "")
        + "/>"
        for ref in references
    )
    return shape(
        "BooleanGate", name, f"<gating:{operator}>{text}</gating:{operator}>", parent=parent
    )


def scale(name: str | None, kind: str, bounds: str = "", **parameters: float | str) -> str:
    ids = "" if name is None else f' transforms:id="{name}"'
    text = " ".join(f'transforms:{key}="{value}"' for key, value in parameters.items())
    return (
        f"<transforms:transformation{ids} {bounds}><transforms:{kind} {text}/>"
        "</transforms:transformation>"
    )


def matrix(
    name: str,
    dyes: Sequence[str],
    detectors: Sequence[str],
    rows: Sequence[Sequence[float | str]],
    *,
    inverted: bool = False,
) -> str:
    groups = "".join(
        f"<transforms:{group}>"
        + "".join(f'<data-type:fcs-dimension data-type:name="{n}"/>' for n in names)
        + f"</transforms:{group}>"
        for group, names in (("fluorochromes", dyes), ("detectors", detectors))
    )
    spectra = "".join(
        "<transforms:spectrum>"
        + "".join(f'<transforms:coefficient transforms:value="{v}"/>' for v in row)
        + "</transforms:spectrum>"
        for row in rows
    )
    turned = ' transforms:matrix-inverted-already="true"' if inverted else ""
    return (
        f'<transforms:spectrumMatrix transforms:id="{name}"{turned}>{groups}{spectra}'
        "</transforms:spectrumMatrix>"
    )


def ratio_axis(transformation: str, *, low: float) -> str:
    return (
        f'<gating:dimension gating:compensation-ref="uncompensated" gating:min="{low}">'
        f'<data-type:new-dimension data-type:transformation-ref="{transformation}"/>'
        "</gating:dimension>"
    )


def gates_and_matrix(text: str) -> tuple[GateTree, Spillover | None]:
    """Return gates and matrix of a text of our own writer, in which nothing may be left out."""
    drawn = read_gatingml(text.encode(), name="gates")
    assert not drawn.refused
    return drawn.tree, drawn.spillover
