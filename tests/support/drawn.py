"""What a test looks for in a picture: its layers by kind, and what is written in it."""

from __future__ import annotations

from typing import TypeVar

from cd5flow.plots.scene import Layer, Panel, Scene
from cd5flow.plots.text import Phrase, Text

L = TypeVar("L", bound=Layer)


def layers(where: Scene | Panel, kind: type[L]) -> list[L]:
    """Return the layers of a kind, of all frames from the uppermost."""
    panels = where.panels if isinstance(where, Scene) else (where,)
    return [one for panel in panels for one in panel.layers if isinstance(one, kind)]


def plain(text: Text) -> str:
    """Write a text with the codes of its phrases: ``counted(name=family.t events=1,234)``."""
    if isinstance(text, Phrase):
        values = " ".join(f"{key}={plain(value)}" for key, value in text.values.items())
        return f"{text.code}({values})" if values else text.code
    return text


def notes(scene: Scene) -> list[str]:
    """Return what is written in the frames."""
    return [plain(line) for panel in scene.panels for line in panel.note]


def legend(scene: Scene) -> dict[str, str]:
    """Return the counts of the legend by who is counted."""
    texts = [key.text for key in scene.legend if isinstance(key.text, Phrase)]
    counted = [text.values for text in texts if text.code == "counted"]
    return {plain(values["name"]): plain(values["events"]) for values in counted}


def labels(panel: Panel) -> tuple[str, str]:
    """Return which channels, or else codes, stand at a frame's axes."""
    across, up = (
        side.label.values["channel"]
        if isinstance(side.label, Phrase) and side.label.code == "axis"
        else side.label
        for side in (panel.x, panel.y)
    )
    return plain(across), plain(up)
