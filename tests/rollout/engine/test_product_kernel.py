"""The split product compiled for GPUs that are not here; `test_triton_block.py` says what it computes."""

from triton_kernels import compiled_for, needs_triton


@needs_triton
def test_it_compiles_for_an_a100_and_an_h100_without_spilling_registers() -> None:
    found = compiled_for("product")
    assert [one["capability"] for one in found] == [80, 90]
    assert [one for one in found if one["stack"] or one["local"] or one["shared"] > 100 * 1024] == []


@needs_triton
def test_products_are_split_where_their_tiles_leave_processors_idle() -> None:
    """Qwen2.5-0.5B: 896 outputs are 14 tiles, so 9 programs a tile; 4,864 inputs are 76 blocks, 896 are 14."""
    from whet.rollout.engine.product_kernel import split_of

    assert split_of(64, 896, 4864) == (9, 9)
    assert split_of(64, 896, 896) == (7, 2)
    assert split_of(1, 576, 1536) == (12, 2)  # SmolLM2: 9 tiles, 14 programs each, 24 blocks
    assert split_of(65, 896, 896) is None
    assert split_of(64, 896, 900) is None
    assert split_of(64, 3584, 18944) is None  # 56 tiles: only two programs each
