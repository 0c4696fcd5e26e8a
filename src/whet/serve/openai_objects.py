"""The JSON objects of the OpenAI API, and of vLLM's token-in/token-out route."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from whet.serve.choice import Delta, Scored

Object = dict[str, Any]
Decode = Callable[[Sequence[int]], str]

LOWEST = -9999.0
"""Stands for log 0, which JSON lacks."""


@dataclass(slots=True)
class Written:
    """A whole completion: what its deltas add up to."""

    text: str = ""
    tokens: tuple[Scored, ...] = ()
    finish: str | None = None

    def add(self, delta: Delta) -> None:
        """Appends what it has grown by."""
        self.text += delta.text
        self.tokens += delta.tokens
        self.finish = delta.finish


@dataclass(frozen=True, slots=True)
class Answer:
    """What the objects of one answer have in common."""

    id: str
    model: str
    created: int
    decode: Decode
    logprobs: bool

    def head(self, kind: str, choices: list[Object]) -> Object:
        """An object with these choices."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}

    def chat(self, written: Sequence[Written], counts: Object) -> Object:
        """`chat.completion`."""
        choices: list[Object] = [
            {
                "index": index,
                "message": {"role": "assistant", "content": one.text, "refusal": None},
                "logprobs": self.chat_logprobs(one.tokens),
                "finish_reason": one.finish,
            }
            for index, one in enumerate(written)
        ]
        return {**self.head("chat.completion", choices), "usage": counts, "system_fingerprint": None}

    def chat_chunk(self, delta: Delta, first: bool) -> Object:
        """`chat.completion.chunk`: the first of a choice says who speaks."""
        said: Object = {"role": "assistant"} if first else {}
        said |= {"content": delta.text} if delta.text or first else {}
        choice = {
            "index": delta.index,
            "delta": said,
            "logprobs": self.chat_logprobs(delta.tokens) if delta.tokens else None,
            "finish_reason": delta.finish,
        }
        return self.head("chat.completion.chunk", [choice])

    def chat_logprobs(self, tokens: Sequence[Scored]) -> Object | None:
        """Log-probabilities as the chat route has them; None where they were not asked for."""
        if not self.logprobs:
            return None
        content = [
            {**self._scored(one.id, one.logprob), "top_logprobs": [self._scored(*pair) for pair in one.top]}
            for one in tokens
        ]
        return {"content": content, "refusal": None}

    def completion(self, written: Sequence[Written], counts: Object) -> Object:
        """`text_completion`."""
        choices: list[Object] = [
            {
                "index": index,
                "text": one.text,
                "logprobs": self.text_logprobs(one.tokens),
                "finish_reason": one.finish,
            }
            for index, one in enumerate(written)
        ]
        return {**self.head("text_completion", choices), "usage": counts}

    def completion_chunk(self, delta: Delta, start: int = 0) -> Object:
        """`text_completion` of a stream; its text begins at character `start`."""
        scores = self.text_logprobs(delta.tokens, start) if delta.tokens else None
        choice = {"index": delta.index, "text": delta.text, "logprobs": scores, "finish_reason": delta.finish}
        return self.head("text_completion", [choice])

    def text_logprobs(self, tokens: Sequence[Scored], start: int = 0) -> Object | None:
        """Log-probabilities as the completions route has them; None where they were not asked for."""
        if not self.logprobs:
            return None
        texts = [self.decode([one.id]) for one in tokens]
        tops = [{self.decode([id]): finite(value) for id, value in one.top} for one in tokens]
        return {
            "tokens": texts,
            "token_logprobs": [finite(one.logprob) for one in tokens],
            "top_logprobs": tops if any(tops) else None,
            "text_offset": [start + sum(map(len, texts[:place])) for place in range(len(texts))],
        }

    def _scored(self, id: int, logprob: float) -> Object:
        text = self.decode([id])
        return {"token": text, "logprob": finite(logprob), "bytes": list(text.encode())}


def token_answer(request_id: str, written: Sequence[Written], logprobs: bool) -> Object:
    """The answer of `/inference/v1/generate`: tokens, end token included, and their log-probabilities."""
    choices = [
        {
            "index": index,
            "token_ids": [token.id for token in one.tokens],
            "finish_reason": one.finish,
            "logprobs": {"content": [_by_id(token) for token in one.tokens]} if logprobs else None,
        }
        for index, one in enumerate(written)
    ]
    return {"request_id": request_id, "choices": choices, "prompt_logprobs": None, "kv_transfer_params": None}


def _by_id(token: Scored) -> Object:
    top = [{"token": f"token_id:{id}", "logprob": finite(value), "bytes": None} for id, value in token.top]
    return {
        "token": f"token_id:{token.id}",
        "logprob": finite(token.logprob),
        "bytes": None,
        "top_logprobs": top,
    }


def usage(prompt: int, completion: int) -> Object:
    """The numbers of tokens; end tokens count."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def finite(logprob: float) -> float:
    """A log-probability that JSON can hold.

    >>> finite(-0.5), finite(float("-inf"))
    (-0.5, -9999.0)
    """
    return max(logprob, LOWEST)


def as_problem(message: str, status: int, field: str | None = None, code: str | None = None) -> Object:
    """An error in the API's shape."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": field, "code": code}}
