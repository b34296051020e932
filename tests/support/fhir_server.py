"""Medplum's FHIR router in memory, on this machine: what an export is posted to."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

FOLDER: Final = Path(__file__).resolve().parents[2] / "benchmarks" / "fhir_server"
TIMEOUT_SECONDS: Final = 60
Json = dict[str, Any]


def is_installed() -> bool:
    """Whether there is a node, and ``npm install`` was run beside the server."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "@medplum").is_dir()


@dataclass(frozen=True)
class FhirServer:
    """A server that runs.

    Attributes:
        address: of its FHIR R4.
    """

    address: str

    def post(self, bundle: Json) -> tuple[int, Json]:
        """Return what ``POST /`` answers: the code of HTTP, and a resource."""
        answer = httpx2.post(
            f"{self.address}/",
            content=json.dumps(bundle),
            headers={"Content-Type": "application/fhir+json"},
            timeout=TIMEOUT_SECONDS,
        )
        return answer.status_code, answer.json()

    def get(self, place: str) -> tuple[int, Json]:
        """Return what lies in a place, such as ``Observation/ID``."""
        answer = httpx2.get(f"{self.address}/{place}", timeout=TIMEOUT_SECONDS)
        return answer.status_code, answer.json()

    def read_back(self, report: str) -> Json:
        """Return a stored report with its observations, as a bundle."""
        first = self.get(f"DiagnosticReport/{report}")[1]
        held = [first, *(self.get(one["reference"])[1] for one in first["result"])]
        return {"resourceType": "Bundle", "entry": [{"resource": one} for one in held]}


@contextmanager
def fhir_server() -> Iterator[FhirServer]:
    """Run a server, which forgets everything at its end."""
    node = shutil.which("node")
    assert node is not None
    with subprocess.Popen(
        [node, "serve.mjs"], cwd=FOLDER, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield FhirServer(process.stdout.readline().strip())
        finally:
            process.kill()
