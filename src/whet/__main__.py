"""`python -m whet`: the command line, for torchrun, notebooks and environments whose scripts are not on the PATH."""

import os
import sys


def leave_out_working_folder() -> None:
    """Takes the working folder, which `python -m` puts first, off `sys.path`: a file there may be called as a library.

    It stays where Whet itself is imported from it. Before this nothing may be imported that Python has not loaded by
    then, by `whet/__init__.py` neither.
    """
    first = sys.path[0] if sys.path else None
    if first is None or sys.flags.safe_path:
        return
    try:
        folder = os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return
    source = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    if os.path.realpath(first) == folder != source:
        del sys.path[0]


if __name__ == "__main__":
    leave_out_working_folder()
    from whet.cli.main import main

    main()
