"""Jobs of a run that several processes share: process 0 writes to the disk, and nobody ends before that is done."""

from whet.protocols import Processes
from whet.train_loop.background import Job, Jobs


class SharedJobs:
    """Plays `Jobs` in one of several processes: each has its own, and all wait for those of process 0."""

    def __init__(self, jobs: Jobs, processes: Processes) -> None:
        self.jobs, self.processes = jobs, processes

    def submit(self, job: Job) -> bool:
        """As the jobs under it do."""
        return self.jobs.submit(job)

    def wait(self) -> None:
        """Returns in all processes when the jobs of process 0 are done. Raises what one of them raised."""
        self.processes.first(lambda: self.jobs.wait())  # the same work in all: jobs differ

    def check(self) -> None:
        """As the jobs under it do."""
        self.jobs.check()
