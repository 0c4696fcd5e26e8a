"""Objects of the API; the client's own types read them in test_endpoints.py."""

from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from whet.serve.choice import Delta, Scored
from whet.serve.openai_objects import Answer, Written, as_problem, token_answer, usage


def letters(tokens: object) -> str:
    return "".join(chr(token) for token in tokens)  # type: ignore[attr-defined]


ANSWER = Answer("id-1", "m", 1700000000, letters, logprobs=True)
TOKENS = (Scored(97, -0.5, ((97, -0.5), (98, -1.5))), Scored(8364, float("-inf")))


def test_deltas_add_up() -> None:
    written = Written()
    written.add(Delta(0, "a", TOKENS[:1], None))
    written.add(Delta(0, "€", TOKENS[1:], "stop"))
    assert written == Written("a€", TOKENS, "stop")


def test_a_chat_completion() -> None:
    found = ChatCompletion.model_validate(ANSWER.chat([Written("a€", TOKENS, "stop")], usage(3, 2)))
    (choice,) = found.choices
    assert (choice.message.content, choice.finish_reason, found.usage.total_tokens) == ("a€", "stop", 5)  # type: ignore[union-attr]
    first, second = choice.logprobs.content  # type: ignore[union-attr,misc]
    assert [(one.token, one.logprob) for one in first.top_logprobs] == [("a", -0.5), ("b", -1.5)]
    assert (second.token, second.logprob, bytes(second.bytes or [])) == ("€", -9999.0, "€".encode())


def test_a_chunk_says_who_speaks_first() -> None:
    first = ChatCompletionChunk.model_validate(ANSWER.chat_chunk(Delta(1, "a", (), None), first=True))
    later = ANSWER.chat_chunk(Delta(1, "", (), "length"), first=False)
    assert (first.choices[0].delta.role, first.choices[0].delta.content, first.choices[0].index) == (
        "assistant",
        "a",
        1,
    )
    assert later["choices"][0]["delta"] == {}
    assert later["choices"][0]["finish_reason"] == "length"


def test_a_text_completion() -> None:
    found = Completion.model_validate(ANSWER.completion([Written("a€", TOKENS, "length")], usage(3, 2)))
    scores = found.choices[0].logprobs
    assert scores is not None
    assert (scores.tokens, scores.token_logprobs, scores.text_offset) == (["a", "€"], [-0.5, -9999.0], [0, 1])
    assert scores.top_logprobs == [{"a": -0.5, "b": -1.5}, {}]
    later = ANSWER.completion_chunk(Delta(0, "€", TOKENS[1:], None), start=4)
    assert later["choices"][0]["logprobs"]["text_offset"] == [4]


def test_tokens_go_by_their_ids() -> None:
    found = token_answer("r", [Written("a", TOKENS[:1], "stop")], logprobs=True)
    (choice,) = found["choices"]
    assert (found["request_id"], choice["token_ids"], choice["finish_reason"]) == ("r", [97], "stop")
    assert choice["logprobs"]["content"][0]["token"] == "token_id:97"
    assert choice["logprobs"]["content"][0]["top_logprobs"][1] == {
        "token": "token_id:98",
        "logprob": -1.5,
        "bytes": None,
    }
    assert token_answer("r", [Written("a", TOKENS[:1], "stop")], logprobs=False)["choices"][0]["logprobs"] is None


def test_a_problem() -> None:
    assert as_problem("n: no", 400, "n") == {
        "error": {"message": "n: no", "type": "invalid_request_error", "param": "n", "code": None}
    }
    assert as_problem("x", 500)["error"]["type"] == "server_error"
