"""Whether a folder lies on a network drive, where SQLite's write-ahead log is not safe.

Its readers and writers share memory, which two machines do not (https://sqlite.org/wal.html).
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

_NETWORK: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "smb3", "smbfs", "davfs", "fuse.davfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs"}
    | {"beegfs", "orangefs", "pvfs2", "vboxsf", "virtiofs", "fuse.vmhgfs-fuse", "prl_fs", "webdav"}
)
_MOUNTS: Final = Path("/proc/self/mounts")
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_DRIVE_REMOTE: Final = 4
"""As of GetDriveTypeW."""


def network_drive(folder: Path, *, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of network file system that a folder lies on; None where none is known.

    Args:
        folder: need not be there yet.
        mounts: what is mounted, in the form of proc(5); read on Linux alone.
    """
    if os.name == "nt":
        return _windows_drive(folder)
    if not mounts.is_file():
        return None
    place = folder.resolve()
    kind, longest = "", -1
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1]))
        # Of two mounts on one place the later one counts.
        if place.is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = fields[2], len(point.parts)
    return kind if kind in _NETWORK else None


def _windows_drive(folder: Path) -> str | None:
    """Return "network" for a share or a drive that stands for one."""
    if sys.platform != "win32":
        return None
    import ctypes  # noqa: PLC0415 - Windows alone asks it

    drive = folder.resolve().drive
    if drive.startswith("\\\\"):
        return "network"
    remote = ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == _DRIVE_REMOTE
    return "network" if remote else None
