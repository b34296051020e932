"""The elements that a Gating-ML 2.0 file is made of, each from one thing of the model.

Names are written with the prefixes that `document_root` declares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from cd5flow.model.events import Spillover
from cd5flow.model.geometry import Ellipse
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale

STANDARD: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/"
"""What the standard's three namespaces begin with."""

SAME: Final = 1e-9
"""Unmixing weights that differ by less are one, written and read back by other programs."""

SCALES: Final[Mapping[str, tuple[type[Scale], str]]] = {
    "flin": (Linear, "TA"),
    "flog": (Log, "TM"),
    "fasinh": (Asinh, "TMA"),
    "logicle": (Logicle, "TWMA"),
    "hyperlog": (Hyperlog, "TWMA"),
}
"""The standard's scales, and their parameters in the order of ours."""

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document_root() -> ET.Element:
    """Return the outermost element, without content."""
    return ET.Element(
        "gating:Gating-ML",
        {
            "xmlns:gating": STANDARD + "gating",
            "xmlns:transforms": STANDARD + "transformations",
            "xmlns:data-type": STANDARD + "datatypes",
        },
    )


def spectrum_matrix(spillover: Spillover, raw: frozenset[str], name: str) -> ET.Element:
    """Return a spillover matrix, its fluorochromes named by their channels.

    Args:
        spillover: the tube's matrix.
        raw: channels that the written one shall leave uncompensated.
        name: the element's id.
    """
    matrix = spillover.matrix
    if raw:
        unmixing = np.linalg.inv(matrix)
        kept = [i for i, detector in enumerate(spillover.detectors) if detector in raw]
        unmixing[:, kept] = np.eye(len(matrix))[:, kept]
        matrix = np.linalg.inv(unmixing)
    element = ET.Element("transforms:spectrumMatrix", {"transforms:id": name})
    for group in ("fluorochromes", "detectors"):
        names = ET.SubElement(element, f"transforms:{group}")
        for detector in spillover.detectors:
            add_channel(names, detector)
    for row in matrix:
        spectrum = ET.SubElement(element, "transforms:spectrum")
        for value in row:
            ET.SubElement(
                spectrum, "transforms:coefficient", {"transforms:value": number_text(value)}
            )
    return element


def receiving(spillover: Spillover) -> frozenset[str]:
    """Return the channels that a matrix changes; spill of less than a billionth is none."""
    unmixing = np.linalg.inv(spillover.matrix)
    apart = np.abs(unmixing - np.eye(len(unmixing))).max(axis=0) > SAME
    return frozenset(d for d, changed in zip(spillover.detectors, apart, strict=True) if changed)


def transformation(scale: Scale, name: str) -> ET.Element:
    """Return a display scale under an id."""
    element = ET.Element("transforms:transformation", {"transforms:id": name})
    kind, letters = next(
        (kind, letters) for kind, (of, letters) in SCALES.items() if of is type(scale)
    )
    parameters = {letter: getattr(scale, letter.lower()) for letter in letters}
    ET.SubElement(
        element,
        f"transforms:{kind}",
        {f"transforms:{key}": number_text(value) for key, value in parameters.items()},
    )
    return element


def add_ellipse(element: ET.Element, region: Ellipse) -> None:
    """Add an ellipse's mean, covariance and squared distance to its gate."""
    add_coordinates(ET.SubElement(element, "gating:mean"), region.centre)
    xx, xy, yy = region.covariance
    matrix = ET.SubElement(element, "gating:covarianceMatrix")
    for entries in ((xx, xy), (xy, yy)):
        row = ET.SubElement(matrix, "gating:row")
        for value in entries:
            ET.SubElement(row, "gating:entry", {"data-type:value": number_text(value)})
    ET.SubElement(
        element, "gating:distanceSquare", {"data-type:value": number_text(region.distance_squared)}
    )


def add_coordinates(element: ET.Element, point: tuple[float, float]) -> None:
    """Add a point's coordinates to a vertex or a mean."""
    for value in point:
        ET.SubElement(element, "gating:coordinate", {"data-type:value": number_text(value)})


def add_channel(element: ET.Element, detector: str) -> None:
    """Add a channel's name to an axis or a list of channels.

    Raises:
        ValueError: the name is empty or holds characters that XML does not.
    """
    if not detector or _NOT_XML.search(detector):
        raise ValueError(f"channel name {detector!r} cannot be written in XML")
    ET.SubElement(element, "data-type:fcs-dimension", {"data-type:name": detector})


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return repr(float(value))
