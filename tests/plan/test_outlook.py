"""Expected lengths."""

from whet.plan.outlook import Outlook, clipped


def test_the_mean_is_of_completions_in_training() -> None:
    assert Outlook((1,), (1,), (100,), (10, 20), (), warm_start=True).mean_after == 15.0


def test_nothing_is_longer_than_the_limit() -> None:
    assert clipped([1, 5, 9], 5) == (1, 5, 5)
