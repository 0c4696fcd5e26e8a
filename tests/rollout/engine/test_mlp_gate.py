"""A gate by hand."""

import torch

import tiny
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.mlp_gate import gate


def test_a_gate_multiplies_what_is_activated() -> None:
    """silu(1) = 0.731059, silu(−2) = −0.238406."""
    found = gate(torch.tensor([[1.0, -2.0, 10.0, 100.0]]), fuse(tiny.tiny_model("qwen2")))
    torch.testing.assert_close(found, torch.tensor([[7.31059, -23.8406]]))
