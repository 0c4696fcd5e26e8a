"""The cache by products, against attention over one sequence at a time."""

import pytest
import torch

import tiny
from rotated_by_hand import turned
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.kv_cache import Room, all_angles
from whet.rollout.engine.shared_cache import SharedCache

LENGTHS = [5, 2]
ROOM = Room(prompts=2, rows_per_prompt=2, prompt_tokens=6, own_tokens=4)


@pytest.mark.parametrize("window", [None, 3])
def test_what_a_token_sees_is_softmax_attention_over_its_own_sequence(window: int | None) -> None:
    weights = fuse(tiny.tiny_model("mistral", sliding_window=window))
    generator = torch.Generator().manual_seed(1)
    cache = SharedCache(weights, ROOM, all_angles(weights, 10))
    cache.begin(torch.tensor(LENGTHS))
    prompt_keys, prompt_values = torch.randn(2, 2, 5, 2, 8, generator=generator)
    for prompt in range(2):  # one after the other, as long prompts are prefilled
        length = LENGTHS[prompt]
        cache.put(0, prompt, prompt_keys[prompt : prompt + 1, :length], prompt_values[prompt : prompt + 1, :length])
    drawn = torch.randn(3, 4, 8, 8, generator=generator)  # steps, rows, 4 query and 2 key heads and 2 values, size
    for step in range(3):
        found = cache.attend(0, weights.layers[0], drawn[step, :, :6], drawn[step, :, 6:], cache.step())
        cache.advance()
        for row in range(4):
            length = LENGTHS[row // 2]
            own = [turned(drawn[at, row, 4:6], length + at, 8) for at in range(step + 1)]
            keys = torch.cat([prompt_keys[row // 2, :length], torch.stack(own)])[-(window or 99) :]
            values = torch.cat([prompt_values[row // 2, :length], drawn[: step + 1, row, 6:]])[-(window or 99) :]
            query = turned(drawn[step, row, :4], length + step, 8)
            for head in range(4):
                shares = torch.softmax(keys[:, head // 2] @ query[head] * 8**-0.5, 0)
                expected = shares @ values[:, head // 2]
                torch.testing.assert_close(found[row, 8 * head : 8 * head + 8], expected, rtol=1e-4, atol=1e-5)
