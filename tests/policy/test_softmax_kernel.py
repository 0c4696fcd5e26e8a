"""The head's softmax compiled for GPUs that are not here; `test_triton_softmax.py` says what it computes."""

from triton_kernels import compiled_for, needs_triton


@needs_triton
def test_it_compiles_for_an_a100_and_an_h100_without_spilling_registers() -> None:
    found = compiled_for("softmax")
    assert [one["capability"] for one in found] == [80, 90]
    assert [one for one in found if one["stack"] or one["local"] or one["shared"] > 100 * 1024] == []
    assert max(one["reg"] for one in found) <= 128  # two programs of eight warps at least on a multiprocessor
