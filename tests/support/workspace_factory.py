"""FlowJo workspaces written by hand, as FlowJo 10 writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from support.gates_factory import SPACE


def _scale(kind: str, **parameters: float | str) -> str:
    return " ".join((kind, *(f'transforms:{key}="{value}"' for key, value in parameters.items())))


def biexponential(*, negative: float, width: float) -> str:
    return _scale(
        "biex", length=256, maxRange=262144.000029, neg=negative, width=width, pos=4.418540
    )


BIEX = biexponential(negative=0, width=-10)
WIDE_BIEX = biexponential(negative=1, width=-316.22)
LINEAR = _scale("linear", minRange=0, maxRange=262144)
LOGICLE = _scale("logicle", length=256, T=262144, A=0, W=0.7, M=4.5)
ASINH = _scale("fasinh", length=256, maxRange=262144, T=262144, A=0.5, M=4.5, W=0)
LOG = _scale("log", offset=3, decades=4.5)


def workspace(*tubes: str, version: str = "10.8.1", beside: str = "") -> bytes:
    spaces = " ".join(
        f'xmlns:{prefix}="{SPACE}{name}"'
        for prefix, name in (
            ("gating", "gating"),
            ("transforms", "transformations"),
            ("data-type", "datatypes"),
        )
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Workspace version="20.0" flowJoVersion="{version}" '
        f"{spaces}><Matrices>{beside}</Matrices><Groups/><SampleList>{''.join(tubes)}</SampleList>"
        "</Workspace>"
    ).encode()


def tube(
    name: str,
    *populations: str,
    events: int | None = None,
    uri: str = "file:/C:/study%20one/tube.fcs",
    scales: Mapping[str, str] | None = None,
    matrix: str = "",
) -> str:
    total = "" if events is None else f'<Keyword name="$TOT" value=" {events} "/>'
    shown = "".join(
        f'<transforms:{text}><data-type:parameter data-type:name="{channel}"/>'
        f"</transforms:{text.split()[0]}>"
        for channel, text in (scales or {}).items()
    )
    below = f"<Subpopulations>{''.join(populations)}</Subpopulations>" if populations else ""
    return (
        f'<Sample><DataSet uri="{uri}" sampleID="1"/>{matrix}'
        f"<Transformations>{shown}</Transformations><Keywords>{total}</Keywords>"
        f'<SampleNode name="{escape(name)}" sampleID="1">{below}</SampleNode></Sample>'
    )


def spillover(
    detectors: Sequence[str],
    rows: Sequence[Sequence[float]],
    *,
    prefix: str = "Comp-",
    spectral: str = "0",
) -> str:
    names = "".join(f'<data-type:parameter data-type:name="{d}"/>' for d in detectors)
    spectra = "".join(
        f'<transforms:spillover data-type:parameter="{detectors[i]}">'
        + "".join(
            f'<transforms:coefficient data-type:parameter="{d}" transforms:value="{v}"/>'
            for d, v in zip(detectors, row, strict=True)
        )
        + "</transforms:spillover>"
        for i, row in enumerate(rows)
    )
    return (
        f'<transforms:spilloverMatrix spectral="{spectral}" weightOptAlgorithmType="OLS" '
        f'prefix="{prefix}" name="acquired" suffix="">'
        f"<data-type:parameters>{names}</data-type:parameters>{spectra}"
        "</transforms:spilloverMatrix>"
    )


def population(name: str, gate: str, *below: str) -> str:
    inner = f"<Subpopulations>{''.join(below)}</Subpopulations>" if below else ""
    return (
        f'<Population name="{escape(name)}" owningGroup="" count="-1"><Graph/>'
        f"<Gate>{gate}</Gate>{inner}</Population>"
    )


def combination(kind: str, name: str, *paths: str) -> str:
    """Return an AndNode, OrNode or NotNode."""
    parts = "".join(f'<Dependent name="{escape(path)}"/>' for path in paths)
    return f'<{kind} name="{escape(name)}" owningGroup=""><Dependents>{parts}</Dependents></{kind}>'


def _axis(name: str, low: float | None = None, high: float | None = None) -> str:
    bounds = "" if low is None else f' gating:min="{low!r}"'
    bounds += "" if high is None else f' gating:max="{high!r}"'
    return (
        f'<gating:dimension{bounds}><data-type:fcs-dimension data-type:name="{name}"/>'
        "</gating:dimension>"
    )


def box(*axes: tuple[str, float | None, float | None], inside: bool = True) -> str:
    return (
        f'<gating:RectangleGate eventsInside="{int(inside)}" gating:id="x">'
        f"{''.join(_axis(*a) for a in axes)}</gating:RectangleGate>"
    )


def _points(values: Sequence[Sequence[float]]) -> str:
    return "".join(
        "<gating:vertex>"
        + "".join(f'<gating:coordinate data-type:value="{float(v)!r}"/>' for v in point)
        + "</gating:vertex>"
        for point in values
    )


def outline(x: str, y: str, corners: Sequence[Sequence[float]], *, inside: bool = True) -> str:
    """Return a polygon, its corners in linear units as FlowJo keeps them."""
    return (
        f'<gating:PolygonGate eventsInside="{int(inside)}" gating:id="x">{_axis(x)}{_axis(y)}'
        f"{_points(corners)}</gating:PolygonGate>"
    )


def oval(x: str, y: str, foci: Sequence[Sequence[float]], edge: Sequence[Sequence[float]]) -> str:
    """Return an ellipse, in the 256 places of FlowJo's display."""
    return (
        f'<gating:EllipsoidGate eventsInside="1" gating:distance="1" gating:id="x">{_axis(x)}{_axis(y)}'
        f"<gating:foci>{_points(foci)}</gating:foci><gating:edge>{_points(edge)}</gating:edge>"
        "</gating:EllipsoidGate>"
    )
