"""Compiles Triton's kernels for GPUs that need not be there, and prints what each needs, as JSON lines.

`python compiled_for.py attend|block|draw|softmax`: its own process, as the tests' may have the interpreter's.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CAPABILITIES = (80, 90)
"""A100, and H100 and H200."""


def needs(
    kernel: Any,
    kinds: dict[str, str],
    constants: dict[str, Any],
    capability: int,
    warps: int = 4,
) -> dict[str, Any]:
    """Registers, stack (spilt registers) and shared memory of a kernel, in bytes, by NVIDIA's own tool."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    signature = {name: kinds.get(name, "constexpr") for name in kernel.arg_names}
    # as launched with addresses and sizes that are multiples of 16, for which loads are wide and run ahead
    aligned = {
        (at,): [["tt.divisibility", 16]]
        for at, name in enumerate(kernel.arg_names)
        if kinds.get(name, "").startswith(("*", "i"))
    }
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=aligned)
    made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps})
    tool = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.cubin"
        file.write_bytes(made.asm["cubin"])
        text = subprocess.run([tool, "--dump-resource-usage", file], capture_output=True, text=True, check=True).stdout
    found = {name.lower(): int(number) for name, number in re.findall(r"(REG|STACK|LOCAL):(\d+)", text)}
    return {**found, "shared": made.metadata.shared}


def attend() -> Iterator[dict[str, Any]]:
    """The attention kernel by head size, in bfloat16: with a window and a cap, the most it can have to do."""
    from whet.rollout.engine.attend_kernel import LAUNCHES, QUERIES, attend_kernel
    from whet.rollout.engine.paged_room import PAGE

    names = attend_kernel.arg_names
    kinds = {**dict.fromkeys(names[:7], "*bf16"), "table": "*i32", **dict.fromkeys(("scale", "soft_cap"), "fp32")}
    kinds |= dict.fromkeys(("query_key_stride", "value_stride", "table_stride", "own_column"), "i32")
    for size in (64, 128, 256):
        how = LAUNCHES[size]
        constants: dict[str, Any] = {"WINDOW": 4096, "CAPPED": True, "KV": 2, "REPEATS": 7, "SIZE": size, "WIDE": size}
        constants |= {"QUERIES": QUERIES, "PAGE": PAGE, "BLOCK": how.block, "STAGES": how.stages}
        for capability in CAPABILITIES:
            used = needs(attend_kernel, kinds, constants, capability, how.warps)
            yield {"size": size, "capability": capability, **used}


def block() -> Iterator[dict[str, Any]]:
    """Sum with norm, of 896 and of 8,192 bfloat16 numbers, and gate, by activation."""
    from whet.rollout.engine.block_kernel import ACTIVATIONS, GATED, add_norm_kernel, gate_kernel, width_of

    kinds = dict.fromkeys(("x", "delta", "weight", "total", "normed", "both", "out"), "*bf16")
    kinds |= {"hidden": "i32", "inner": "i32", "epsilon": "fp32"}
    for hidden, capability in product((896, 8192), CAPABILITIES):
        width = width_of(hidden)
        used = needs(add_norm_kernel, kinds, {"BLOCK": width.block}, capability, width.warps)
        yield {"hidden": hidden, "capability": capability, **used}
    for kind, capability in product(ACTIVATIONS, CAPABILITIES):
        used = needs(gate_kernel, kinds, {"KIND": kind, "BLOCK": GATED}, capability)
        yield {"kind": kind, "capability": capability, **used}


def draw() -> Iterator[dict[str, Any]]:
    """The two kernels of a draw from 152 thousand bfloat16 logits."""
    from whet.rollout.engine.draw_kernel import PART, sums_kernel, tokens_kernel

    kinds = {"logits": "*bf16", **dict.fromkeys(("tops", "sums", "logprobs"), "*fp32"), "bests": "*i32"}
    kinds |= {**dict.fromkeys(("keys", "positions", "tokens"), "*i64"), "inverse_temperature": "fp32"}
    kinds |= dict.fromkeys(("V", "K", "row_stride"), "i32")
    for capability in CAPABILITIES:
        yield {"capability": capability, **needs(sums_kernel, kinds, {"PART": PART}, capability)}
        constants = {"GREEDY": False, "PARTS": 256, "PART": PART}
        yield {"capability": capability, **needs(tokens_kernel, kinds, constants, capability)}


def softmax() -> Iterator[dict[str, Any]]:
    """The softmax of the learner's head, of 152 thousand bfloat16 logits."""
    from whet.policy.softmax_kernel import BLOCK, WARPS, softmax_kernel

    kinds = {"logits": "*bf16", "targets": "*i64", "logprobs": "*fp32", "inverse_temperature": "fp32"}
    kinds |= {"V": "i32", "row_stride": "i32"}
    constants = {"WRITE": True, "BLOCKS": 38, "BLOCK": BLOCK}
    for capability in CAPABILITIES:
        yield {"capability": capability, **needs(softmax_kernel, kinds, constants, capability, WARPS)}


if __name__ == "__main__":
    kernels = {"attend": attend, "block": block, "draw": draw, "softmax": softmax}
    for line in kernels[sys.argv[1]]():
        print(json.dumps(line))
