"""Half as much after each want of memory, and nothing of what was gathered before."""

import logging

import pytest
import torch
from whet.oom import is_out_of_memory, retry_with_smaller_batches

from whet.errors import UserError


def test_it_halves_until_it_fits(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[int] = []
    forgotten: list[int] = []

    def attempt(tokens: int) -> str:
        tried.append(tokens)
        if tokens > 300:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "done"

    with caplog.at_level(logging.WARNING, "whet"):
        assert retry_with_smaller_batches(attempt, 2000, 10, lambda: forgotten.append(tried[-1])) == ("done", 250)
    assert tried == [2000, 1000, 500, 250]
    assert forgotten == [2000, 1000, 500]
    assert caplog.messages[-1].startswith("out of memory with micro_batch_tokens 500: going on with 250 from here on")


def test_never_under_the_smallest_part() -> None:
    tried: list[int] = []

    def attempt(tokens: int) -> None:
        tried.append(tokens)
        raise MemoryError

    with pytest.raises(UserError, match="out of memory with 300 tokens at a time"):
        retry_with_smaller_batches(attempt, 1000, 300, lambda: None)
    assert tried == [1000, 500, 300]


def test_other_errors_are_not_ours() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        retry_with_smaller_batches(
            lambda tokens: (_ for _ in ()).throw(RuntimeError("shapes differ")), 8, 1, lambda: None
        )


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
