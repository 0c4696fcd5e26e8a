"""The attention kernel compiled for GPUs that are not here; `test_triton_cache.py` says what it computes."""

from triton_kernels import compiled_for, needs_triton


@needs_triton
def test_it_compiles_for_an_a100_and_an_h100_without_spilling_registers() -> None:
    """More than 100 KiB of shared memory would leave one program to a processor."""
    found = compiled_for("attend")
    assert [(one["size"], one["capability"]) for one in found] == [
        (size, capability) for size in (64, 128, 256) for capability in (80, 90)
    ]
    assert [one for one in found if one["stack"] or one["local"] or one["shared"] > 100 * 1024] == []
