"""Cards by name."""

import pytest

from whet.errors import UserError
from whet.plan.cards import CARDS, card


def test_a_card_is_what_its_data_sheet_says_times_what_is_reached() -> None:
    assert card("H100").machine.flops == pytest.approx(0.8 * 989e12)
    assert card("h100").machine.bandwidth == pytest.approx(0.8 * 3.35e12)
    assert card("RTX 4090").memory == 24e9
    assert card("a100_40gb") == CARDS["a100-40gb"]


def test_a_card_that_is_not_known() -> None:
    with pytest.raises(UserError, match=r"--device: is 'h10'; use one of .*did you mean h100"):
        card("h10")
