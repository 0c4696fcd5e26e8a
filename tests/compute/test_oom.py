"""Half as much after each want of memory, down to the smallest part."""

import logging

import pytest
import torch

from whet.compute.oom import is_out_of_memory, smaller_micro_batch
from whet.errors import UserError

WANT = torch.OutOfMemoryError("CUDA out of memory")


def test_half_as_much_and_a_line_that_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "whet"):
        assert smaller_micro_batch(WANT, 500, 10) == 250
    assert caplog.messages[-1].startswith("out of memory with micro_batch_tokens 500: going on with 250 from here on")


@pytest.mark.parametrize(("tokens", "fewer"), [(1000, 500), (500, 300), (301, 300)])
def test_never_under_the_smallest_part(tokens: int, fewer: int) -> None:
    assert smaller_micro_batch(MemoryError(), tokens, 300) == fewer


@pytest.mark.parametrize("tokens", [300, 299])
def test_where_nothing_can_be_split_any_more_it_is_an_error_of_the_recipe(tokens: int) -> None:
    with pytest.raises(UserError, match=f"out of memory with {tokens} tokens at a time") as caught:
        smaller_micro_batch(WANT, tokens, 300)
    assert caught.value.__cause__ is WANT


def test_the_stage_is_named_whose_micro_batches_they_are() -> None:
    with pytest.raises(UserError, match=r"^sft\.micro_batch_tokens: .*; leave long solutions out of sft\.data"):
        smaller_micro_batch(WANT, 300, 300, "sft")
    with pytest.raises(UserError, match=r"^grpo\.micro_batch_tokens: .*; lower grpo\.sampling\.max_tokens"):
        smaller_micro_batch(WANT, 300, 300)


def test_other_errors_are_not_ours() -> None:
    error = RuntimeError("shapes differ")
    with pytest.raises(RuntimeError, match="shapes") as caught:
        smaller_micro_batch(error, 8, 1)
    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tr"),
            True,
        ),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5.43 GB)"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("memory"), False),
    ],
)
def test_what_is_want_of_memory(error: Exception, is_one: bool) -> None:
    assert is_out_of_memory(error) is is_one


def test_the_cpu_says_so_itself() -> None:
    """What torch really says when it cannot allocate."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
