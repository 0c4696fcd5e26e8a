"""A request in the engine's words: the same by every route, unchangeable, and no larger than one batch."""

from dataclasses import FrozenInstanceError

import pytest

from whet.serve.asked import MOST_ROWS, Asked
from whet.serve.body import BodyError, CompletionBody, TokenBody, parsed


def test_tokens_ask_for_the_same_by_both_routes() -> None:
    common = {"n": 2, "temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "stop": ["\n"], "seed": 3, "logprobs": 2}
    completion = parsed(CompletionBody, {"model": "m", "prompt": [1, 2], **common}).read()
    generate = parsed(TokenBody, {"token_ids": [1, 2], "sampling_params": common}).read("m")
    assert completion == generate
    assert completion == Asked(
        model="m",
        prompts=((1, 2),),
        n=2,
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        stop=("\n",),
        seed=3,
        logprobs=True,
        top=2,
    )


def test_what_is_not_said_is_the_servers_to_choose() -> None:
    """One completion, drawn anew each time, at the temperature and to the length that the model is served with."""
    plain = Asked("m", ("2+2=",))
    assert (plain.temperature, plain.max_tokens, plain.seed) == (None, None, None)
    assert (plain.n, plain.top_p, plain.stop, plain.stop_tokens) == (1, 1.0, (), frozenset())
    assert (plain.stream, plain.include_usage, plain.logprobs, plain.top) == (False, False, False, 0)
    assert parsed(CompletionBody, {"model": "m", "prompt": "2+2="}).read() == plain


def test_a_request_does_not_change_under_those_who_share_it() -> None:
    """Threads of the engine and of the server read it at once."""
    one = Asked("m", ("a",))
    with pytest.raises(FrozenInstanceError):
        one.n = 2  # type: ignore[misc]
    assert not hasattr(one, "__dict__"), "a field that is misspelt is an error"
    assert one == Asked("m", ("a",))
    assert hash(one) == hash(Asked("m", ("a",)))
    assert one != Asked("m", (("a",),))  # type: ignore[arg-type]


def test_a_request_fills_a_batch_at_most() -> None:
    prompts = ["a"] * (MOST_ROWS // 2)
    assert len(parsed(CompletionBody, {"model": "m", "prompt": prompts, "n": 2}).read().prompts) == MOST_ROWS // 2
    with pytest.raises(BodyError, match=f"asks for more than {MOST_ROWS} completions at once"):
        parsed(CompletionBody, {"model": "m", "prompt": [*prompts, "a"], "n": 2}).read()
    assert parsed(TokenBody, {"token_ids": [1], "sampling_params": {"n": MOST_ROWS}}).read("m").n == MOST_ROWS
    with pytest.raises(BodyError, match=r"sampling_params\.n"):
        parsed(TokenBody, {"token_ids": [1], "sampling_params": {"n": MOST_ROWS + 1}})
