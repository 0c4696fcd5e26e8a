"""The attention kernel compiled for GPUs that are not here; `test_triton_cache.py` says what it computes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from triton_kernels import needs_triton


@needs_triton
def test_it_compiles_for_an_a100_and_an_h100_without_spilling_registers() -> None:
    """The assembler needs no GPU; more than 100 KiB of shared memory would leave one program to a processor."""
    script = Path(__file__).parents[2] / "compiled_for.py"
    environment = {**os.environ, "TRITON_INTERPRET": "0"}
    done = subprocess.run([sys.executable, script, "attend"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["size"], one["capability"]) for one in found] == [
        (size, capability) for size in (64, 128, 256) for capability in (80, 90)
    ]
    assert [one for one in found if one["stack"] or one["local"] or one["shared"] > 100 * 1024] == []
