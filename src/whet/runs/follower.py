"""The run folder as processes see it that do not write to it."""

from pathlib import Path

from whet.runs.writer import RunWriter


class RunFollower(RunWriter):
    """Plays the writer in processes 1, 2, …: it counts steps and writes nothing, as process 0 does that."""

    writes = False

    def __init__(self, path: Path) -> None:
        """Takes no lock."""
        self.path, self.next_step, self.listeners = path, 0, []

    def rewind(self, next_step: int, warm_steps: int | None = None) -> None:
        """Sets the step at which the run continues."""
        self.next_step = next_step

    def record(self, step: int, *_: object) -> None:
        """Counts the step."""
        self.next_step = step + 1

    def record_recipe(self, *_: object) -> None:
        """Writes nothing."""

    def record_metrics(self, *_: object) -> None:
        """Writes nothing."""

    def record_timings(self, *_: object) -> None:
        """Writes nothing."""

    def record_own_answers(self, *_: object) -> None:
        """Writes nothing."""

    def record_finding(self, *_: object) -> None:
        """Writes nothing."""

    def record_evaluation(self, *_: object) -> None:
        """Writes nothing."""

    def record_check(self, *_: object) -> None:
        """Writes nothing."""

    def record_phases(self, *_: object) -> None:
        """Writes nothing."""

    def log(self, text: str) -> None:
        """Writes nothing."""

    def close(self) -> None:
        """Holds nothing."""
