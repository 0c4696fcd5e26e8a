"""The draw kernels compiled for GPUs that are not here; `test_triton_draw.py` says what they compute."""

from triton_kernels import compiled_for, needs_triton


@needs_triton
def test_they_compile_for_an_a100_and_an_h100_without_spilling_registers() -> None:
    found = compiled_for("draw")
    assert [one["capability"] for one in found] == [80, 80, 90, 90]
    assert [one for one in found if one["stack"] or one["local"] or one["shared"] > 100 * 1024] == []
