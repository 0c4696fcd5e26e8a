"""The head's softmax compiled for GPUs that are not here; `test_triton_softmax.py` says what it computes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from triton_kernels import needs_triton


@needs_triton
def test_it_compiles_for_an_a100_and_an_h100_without_spilling_registers() -> None:
    script = Path(__file__).parents[1] / "compiled_for.py"
    environment = {**os.environ, "TRITON_INTERPRET": "0"}
    done = subprocess.run([sys.executable, script, "softmax"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["capability"] for one in found] == [80, 90]
    assert [one for one in found if one["stack"] or one["local"] or one["shared"] > 100 * 1024] == []
    assert max(one["reg"] for one in found) <= 128  # two programs of eight warps at least on a multiprocessor
