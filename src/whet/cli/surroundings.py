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
