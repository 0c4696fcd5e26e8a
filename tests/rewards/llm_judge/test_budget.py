"""The spending cap."""

from whet.rewards.llm_judge.budget import Budget


def test_requests_are_counted_and_end() -> None:
    budget = Budget(max_requests=2, max_tokens=1000)
    assert [budget.take(10) for _ in range(3)] == [True, True, False]
    assert (budget.requests, budget.requests_left, budget.tokens) == (2, 0, 20)


def test_what_is_under_way_counts_in_full() -> None:
    budget = Budget(max_requests=9, max_tokens=100)
    assert budget.take(60)
    assert not budget.take(60)
    budget.settle(60, 5)
    assert budget.tokens == 5
    assert budget.take(95)
    assert not budget.take(1)
    assert budget.requests == 2


def test_it_says_what_was_spent() -> None:
    budget = Budget(1000, 20_000)
    budget.take(1500)
    assert str(budget) == "1 of 1,000 requests and 1,500 of 20,000 tokens"
