"""Builds the rollout index of a run in a process of the lowest priority: `python -m whet.dashboard.build_index RUN`."""

import os
import sys
from pathlib import Path

from whet.dashboard.open_run import open_run


def build(folder: Path) -> bool:
    """Indexes what is stale of the run in `folder`; returns whether everything is indexed."""
    return bool(open_run(folder).index.build()["whole"])


def main() -> None:
    """Builds the index that the command line names; exits with 1 where it cannot be written."""
    os.nice(19)  # a training on the same machine goes first
    sys.exit(0 if build(Path(sys.argv[1])) else 1)


if __name__ == "__main__":
    main()
