"""The sizes of the head's work, by hand."""

import pytest
import torch

from whet.policy import head_chunks
from whet.policy.head_chunks import HeadSizes, by_memory, head_sizes


def test_a_cpu_has_short_chunks_whatever_the_vocabulary() -> None:
    cpu = torch.device("cpu")
    assert head_sizes(cpu, 2**17, 2) == HeadSizes(256, 1024)
    assert head_sizes(cpu, 2**13, 4) == HeadSizes(256, 16384)


def test_a_gpu_has_chunks_by_its_memory() -> None:
    # 32 GiB / 32 = 1 GiB; a token of 2¹⁵ entries takes 6 · 2¹⁵ bytes: 5461 of them fit, 21 times 256
    # 32 GiB / 16 = 2 GiB; a token's probabilities take 2 · 2¹⁵ bytes
    assert by_memory(32 << 30, 2**15, 2) == HeadSizes(5376, 32768)
    assert by_memory(1 << 30, 2**20, 2).chunk == 256  # never less
    assert by_memory(500 << 30, 2**10, 2).chunk == 8192  # nor more


def test_the_size_does_not_follow_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed run must sum in the same order."""

    class Card:
        total_memory = 32 << 30

    head_chunks._total.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Card)
    assert head_sizes(torch.device("cuda"), 2**15, 2) == HeadSizes(5376, 32768)
    head_chunks._total.cache_clear()
