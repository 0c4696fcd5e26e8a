"""What a run was made with."""

import os
import platform
import subprocess
import sys

import torch
import transformers

from whet.runs.environment import PACKAGES, environment


def test_versions_are_those_that_run() -> None:
    found = environment()
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["versions"]["transformers"] == transformers.__version__
    assert set(found["versions"]) == {"python", *PACKAGES}
    assert found["cores"] == os.cpu_count()


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, whet.runs.environment as e; e.environment(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
