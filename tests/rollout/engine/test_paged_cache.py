"""Where a prompt's keys and values go."""

import torch

import tiny
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.gathered_cache import GatheredCache
from whet.rollout.engine.kv_cache import all_angles
from whet.rollout.engine.paged_room import PagedRoom


def test_prompts_are_put_into_their_pages_and_padding_into_none_of_others() -> None:
    """A prompt of 130 tokens and one of 3, padded to 130: of its second page, which it has not, scrap is written."""
    weights = fuse(tiny.tiny_model())
    room = PagedRoom(rows=8, pages=6, prompt_pages=2, own_pages=4)
    cache = GatheredCache(weights, room, all_angles(weights, 10))
    pages = cache.host.begin([130, 3], 2)
    assert pages.tolist() == [[1, 2], [3, 0]]
    cache.begin(pages)
    keys, values = torch.randn(2, 2, 130, 2, 8)
    for first in range(2):  # one after the other, as long prompts are prefilled
        cache.put(1, first, keys[first : first + 1], values[first : first + 1])
    for pool, given in ((cache.keys, keys), (cache.values, values)):
        assert torch.equal(pool[1][1].transpose(0, 1), given[0, :128])
        assert torch.equal(pool[1][2][:, :2].transpose(0, 1), given[0, 128:])
        assert torch.equal(pool[1][3][:, :3].transpose(0, 1), given[1, :3])
        assert not pool[1][4:].any()
        assert not pool[0].any()


def test_all_places_advance() -> None:
    weights = fuse(tiny.tiny_model())
    cache = GatheredCache(weights, PagedRoom(8, 6, 1, 1), {})
    cache.advance()
    assert cache.table_RC.tolist() == [[0, 1, 0, 0, 0]] * 8
