"""Attention over gathered pages, against attention over one sequence at a time."""

import pytest
import torch

import tiny
from rotated_by_hand import turned
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.gathered_cache import GatheredCache
from whet.rollout.engine.kv_cache import all_angles
from whet.rollout.engine.paged_room import PagedRoom

LENGTHS = [130, 2]


@pytest.mark.parametrize("window", [None, 3])
def test_what_a_token_sees_is_softmax_attention_over_its_own_sequence(window: int | None) -> None:
    """Rows 0 to 3; row 1 has ended, and its place is read and written by nobody."""
    weights = fuse(tiny.tiny_model("mistral", sliding_window=window))
    generator = torch.Generator().manual_seed(1)
    cache = GatheredCache(weights, PagedRoom(8, 12, 2, 2), all_angles(weights, 200))
    cache.begin(cache.host.begin(LENGTHS, 2))
    prompt_keys, prompt_values = torch.randn(2, 2, 130, 2, 8, generator=generator)
    cache.put(0, 0, prompt_keys, prompt_values)
    cache.host.keep([0, 2, 3])
    drawn = torch.randn(3, 4, 8, 8, generator=generator)  # steps, places, 4 query and 2 key heads and 2 values, size
    for step in range(3):
        cache.table_RC.copy_(cache.host.make_room(1, 10))
        found = cache.attend(0, weights.layers[0], drawn[step, :, :6], drawn[step, :, 6:], cache.step())
        cache.host.advance(1)
        assert found.isfinite().all()
        for row in (0, 2, 3):
            length = LENGTHS[row // 2]
            own = [turned(drawn[at, row, 4:6], length + at, 8) for at in range(step + 1)]
            keys = torch.cat([prompt_keys[row // 2, :length], torch.stack(own)])[-(window or 999) :]
            values = torch.cat([prompt_values[row // 2, :length], drawn[: step + 1, row, 6:]])[-(window or 999) :]
            query = turned(drawn[step, row, :4], length + step, 8)
            for head in range(4):
                shares = torch.softmax(keys[:, head // 2] @ query[head] * 8**-0.5, 0)
                expected = shares @ values[:, head // 2]
                torch.testing.assert_close(found[row, 8 * head : 8 * head + 8], expected, rtol=1e-4, atol=1e-5)
