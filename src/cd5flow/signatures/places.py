"""Where the users file lies that holds unless another is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

USERS: Final = "users.jsonl"


def default_users_file() -> Path:
    """Return the path of the users file in the configuration folder of whoever runs the program."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA")
        folder = Path(base) if base else Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_CONFIG_HOME")
        folder = Path(base) if base else Path.home() / ".config"
    return folder / "cd5flow" / USERS
