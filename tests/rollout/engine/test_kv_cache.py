"""The size of a room, and angles for all of its positions."""

import tiny
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.kv_cache import Room, all_angles


def test_rows_of_a_room() -> None:
    assert Room(3, 4, 10, 20).rows == 12


def test_angles_of_every_kind_of_attention() -> None:
    """Gemma's two kinds have angles of their own; a layer of SmolLM3 without rotation has cosine 1 and sine 0."""
    gemma = all_angles(fuse(tiny.tiny_model("gemma3")), 7)
    assert sorted(gemma) == ["full_attention", "sliding_attention"]
    assert {x.cosine_SD.shape for x in gemma.values()} == {(7, 16)}
    smol = all_angles(fuse(tiny.tiny_model("smollm3")), 5)["full_attention, not rotated"]
    assert (smol.cosine_SD.unique().tolist(), smol.signed_sine_SD.unique().tolist()) == ([1.0], [0.0])
