"""Many tubes: from a sheet or a folder to a folder a sample and tables over all."""

from __future__ import annotations

from cd5flow.batch.plan import Job, Plan, make_plan
from cd5flow.batch.run import Done, Failed, Outcome, run_jobs
from cd5flow.batch.summary import write_tables

__all__ = ["Done", "Failed", "Job", "Outcome", "Plan", "make_plan", "run_jobs", "write_tables"]
