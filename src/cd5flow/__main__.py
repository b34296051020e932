"""``python -m cd5flow`` is the command ``cd5flow``."""

from __future__ import annotations

from cd5flow.cli import main

if __name__ == "__main__":
    main()
