"""`python -m whet` is the command `whet`."""

import subprocess
import sys

from whet import __version__


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "whet", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"whet {__version__}\n"
