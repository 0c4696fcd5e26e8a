"""Rotation by hand, and the order of dimensions where only a part of a head is rotated."""

import pytest
import torch

from whet.rollout.engine.rotation import Angles, full_width, half_negated, halves_apart, rotated


def test_rotation_by_hand() -> None:
    """A quarter turn takes (x, y) to (−y, x); halves of a head are the two coordinates."""
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    turned = rotated(x, torch.zeros(4), half_negated(torch.ones(4)))
    assert turned.tolist() == [-3.0, -4.0, 1.0, 2.0]
    assert rotated(x, torch.ones(4), torch.zeros(4)).tolist() == x.tolist()


def test_wider_angles_multiply_before_the_result_is_rounded() -> None:
    """1.003 is 1 in bfloat16, and 3 · 1.003 is not 3 there."""
    x = torch.full((4,), 3.0, dtype=torch.bfloat16)
    cosine = torch.full((4,), 1.003)
    found = rotated(x, cosine, torch.zeros(4))
    assert found.dtype == torch.bfloat16
    assert found.tolist() == [torch.tensor(3.0 * 1.003).bfloat16().item()] * 4


def test_a_part_of_a_head_is_rotated_as_in_a_layout_of_its_own() -> None:
    """Six of ten dimensions: those three apart turn together, the last four stay."""
    x, angle = torch.randn(10, dtype=torch.double), torch.tensor([0.3, 1.1, 2.0], dtype=torch.double)
    turned = x.clone()
    turned[:3] = x[:3] * angle.cos() - x[3:6] * angle.sin()
    turned[3:6] = x[3:6] * angle.cos() + x[:3] * angle.sin()
    order = halves_apart(10, 6)
    cosine, sine = (full_width(f(angle).repeat(2), 10, rest) for f, rest in ((torch.cos, 1.0), (torch.sin, 0.0)))
    torch.testing.assert_close(rotated(x[order], cosine, half_negated(sine)), turned[order])


@pytest.mark.parametrize(("size", "part"), [(8, 8), (8, 2), (96, 48)])
def test_the_order_names_every_dimension_once(size: int, part: int) -> None:
    order = halves_apart(size, part)
    assert sorted(order) == list(range(size))
    assert all(order[place + size // 2] - order[place] == part // 2 for place in range(part // 2))


def test_tables_hold_the_angles_of_every_position() -> None:
    table = Angles.of(
        lambda p: (p[:, None] + torch.zeros(4), 10.0 * p[:, None] + torch.zeros(4)), 3, torch.device("cpu")
    )
    assert table.cosine_SD[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert table.signed_sine_SD[2].tolist() == [-20.0, -20.0, 20.0, 20.0]
