"""What a batch has come to so far: counts for its progress and its record, and where its files lie."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from cd5flow.batch.failures import Failure
from cd5flow.batch.run import Done, Finished
from cd5flow.model.names import shown_name
from cd5flow.model.result import CriterionState, Result
from cd5flow.model.states import needs_person
from cd5flow.report.input_files import InputFile, files_of

STATES: Final = ("cd5_state", "burden_state", "criterion_state", "quality_state")


@dataclass(slots=True)
class BatchCounts:
    """Counts over the samples of a batch.

    Attributes:
        samples: how many there are.
        done: those that have a result.
        review: those of them whose criterion is REVIEW.
        needs_person: those of them that wait for a person: no definite criterion, or a quality FAIL.
        earlier: those that an earlier run had finished, with a result or without.
        failed_earlier: those of them without.
        failures: those without a result.
        states: how many results have each state, by kind.
        same_bytes: samples by the SHA-256 of their files.
        files: what the results were made of.
        seconds: time that the samples of this run took, all together.
    """

    samples: int
    done: int = 0
    review: int = 0
    needs_person: int = 0
    earlier: int = 0
    failed_earlier: int = 0
    failures: list[Failure] = field(default_factory=list)
    states: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in STATES}
    )
    same_bytes: defaultdict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    files: list[InputFile] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, finished: Finished) -> None:
        """Count a sample."""
        if finished.reply is None:
            self.earlier += 1
        else:
            self.seconds += finished.reply.seconds
        if isinstance(finished, Done):
            self.done += 1
            self._add_result(finished.result)
            job = finished.job
            self.files += files_of(
                finished.result, finished.folder.name, job.file, job.settings.controls
            )
        else:
            job = finished.job
            failure = Failure(
                job.sample_id, shown_name(job.file.name), finished.error, finished.message
            )
            self.failures.append(failure)
            self.failed_earlier += finished.reply is None

    def _add_result(self, result: Result) -> None:
        self.review += result.criterion.state is CriterionState.REVIEW
        self.needs_person += needs_person(result.criterion.state, result.quality.state)
        for name, counts in self.states.items():
            counts[getattr(result, name.removesuffix("_state")).state.value] += 1
        # Wells of one file are not the same.
        tube = result.sample.sha256, str(result.provenance.settings.get("dataset"))
        self.same_bytes[tube].append(result.sample.id)

    @property
    def failed(self) -> int:
        """Samples without a result."""
        return len(self.failures)

    @property
    def finished(self) -> int:
        """Samples of which is known what became of them."""
        return self.done + self.failed

    @property
    def here(self) -> int:
        """Samples that this run itself has finished."""
        return self.finished - self.earlier

    @property
    def alike(self) -> list[list[str]]:
        """Samples whose files hold the same bytes."""
        return [sorted(ids) for ids in self.same_bytes.values() if len(ids) > 1]
