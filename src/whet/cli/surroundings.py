"""What a command needs of the process that it runs in, and of its working folder."""

import os
import sys
from pathlib import Path

from whet.errors import UserError


def check_surroundings() -> None:
    """Raises `UserError` where the working folder is gone, or Python leaves out docstrings, as `-OO` does."""
    if sys.flags.optimize > 1:
        raise UserError(
            f"PYTHONOPTIMIZE: is {sys.flags.optimize}, which takes docstrings away, and transformers loads no model "
            "without them; set it to 1 or 0 (python without -OO)"
        )
    try:
        Path.cwd()
    except FileNotFoundError:
        where = os.environ.get("PWD", "")
        raise UserError(f"the working folder {where} is gone; change to one that is there") from None


def leave_out_working_folder() -> None:
    """Takes the working folder, which `python -m` puts first, off `sys.path`: a file there may be called as a library.

    It stays where Whet itself is imported from it.
    """
    first = sys.path[0] if sys.path else None
    if first is None or sys.flags.safe_path or Path(first or ".").resolve() == Path(__file__).resolve().parents[2]:
        return
    try:
        if Path(first or ".").resolve() == Path.cwd():
            del sys.path[0]
    except FileNotFoundError:
        return
