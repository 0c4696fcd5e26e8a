"""The official client asks a tiny model on a real port."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import openai
import pytest
import torch

from serving import running, tiny_run
from whet.serve.endpoints import ServeApp, serve_app
from whet.serve.served_model import ServedModel, open_model
from whet.serve.shelf import Shelf

ASK = [{"role": "user", "content": "2+2?"}]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    return open_model(str(tiny_run(tmp_path_factory.mktemp("served"))))[1]


@pytest.fixture(scope="module")
def made(model: ServedModel) -> ServeApp:
    return serve_app(Shelf.of("tiny-run", model), window=0.2)


@pytest.fixture(scope="module")
def url(made: ServeApp) -> Iterator[str]:
    with running(made) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=60)


def asked(client: openai.OpenAI, **options: Any) -> Any:
    options = {"messages": ASK, "temperature": 0, "max_tokens": 8, **options}
    return client.chat.completions.create(model="tiny-run", **options)


def greedy(model: ServedModel, prompt: tuple[int, ...], count: int) -> list[int]:
    """The most likely tokens, by transformers' own forward."""
    tokens = list(prompt)
    for _ in range(count):
        with torch.no_grad():
            logits = model.policy.model(torch.tensor([tokens])).logits[0, -1]
        tokens.append(int(logits.argmax()))
        if tokens[-1] in model.ends:
            break
    return tokens[len(prompt) :]


def post(url: str, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, {"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_models(client: openai.OpenAI) -> None:
    (one,) = client.models.list().data
    assert (one.id, one.owned_by, one.model_extra) == ("tiny-run", "whet", {"max_model_len": 512})
    assert client.models.retrieve("tiny-run").id == "tiny-run"
    with pytest.raises(openai.NotFoundError, match="'other' is not served here; there is tiny-run"):
        client.models.retrieve("other")


def test_the_question_is_asked_as_in_training(client: openai.OpenAI, model: ServedModel) -> None:
    prompt = model.prompt(({"role": "user", "content": "2+2?"},))
    assert model.text(prompt.tokens).startswith("<|im_start|>system\n" + model.renderer.response_format.system_prompt)
    expected = greedy(model, prompt.tokens, 8)
    found = asked(client)
    assert found.choices[0].message.content == model.text([token for token in expected if token not in model.ends])
    assert found.choices[0].finish_reason == ("stop" if expected[-1] in model.ends else "length")
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (len(prompt.tokens), len(expected))


def test_a_clients_own_system_prompt_takes_its_place(client: openai.OpenAI, model: ServedModel) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *ASK]
    text = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    tokens = tuple(model.tokenizer.encode(text))
    found = asked(client, messages=messages)
    expected = greedy(model, tokens, 8)
    assert found.usage.prompt_tokens == len(tokens)
    assert found.choices[0].message.content == model.text([token for token in expected if token not in model.ends])


def test_a_stream_says_the_same(client: openai.OpenAI) -> None:
    options = {"n": 2, "seed": 3, "temperature": 1}
    whole = asked(client, **options)
    chunks = list(asked(client, stream=True, stream_options={"include_usage": True}, **options))
    for choice in whole.choices:
        mine = [one.choices[0] for one in chunks if one.choices and one.choices[0].index == choice.index]
        assert mine[0].delta.role == "assistant"
        assert "".join(one.delta.content or "" for one in mine) == choice.message.content
        assert [one.finish_reason for one in mine if one.finish_reason] == [choice.finish_reason]
        assert len(mine) > 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert all(one.usage is None for one in chunks[:-1])
    assert len({one.id for one in chunks}) == 1


def test_equal_seeds_repeat_and_choices_differ(client: openai.OpenAI) -> None:
    def texts(seed: int) -> list[str]:
        return [one.message.content for one in asked(client, n=4, seed=seed, temperature=1).choices]

    assert texts(7) == texts(7)
    assert len(set(texts(7))) == 4
    assert texts(7) != texts(8)


def test_a_stop_text_ends_a_completion_and_is_left_out(client: openai.OpenAI) -> None:
    text = asked(client, seed=1, temperature=1, max_tokens=12).choices[0].message.content
    stop = text[4:6]
    found = asked(client, seed=1, temperature=1, max_tokens=12, stop=[stop, "never there"])
    assert found.choices[0].message.content == text[: text.index(stop)]
    assert found.choices[0].finish_reason == "stop"
    chunks = asked(client, seed=1, temperature=1, max_tokens=12, stop=stop, stream=True)
    assert "".join(one.choices[0].delta.content or "" for one in chunks) == text[: text.index(stop)]


@pytest.mark.parametrize("temperature", [0, 0.7])
def test_logprobs_are_the_models(client: openai.OpenAI, model: ServedModel, temperature: float) -> None:
    found = asked(client, logprobs=True, top_logprobs=3, temperature=temperature, seed=5)
    content = found.choices[0].logprobs.content
    assert len(content) == found.usage.completion_tokens
    tokens = list(model.prompt(({"role": "user", "content": "2+2?"},)).tokens)
    for scored in content:
        with torch.no_grad():
            logits = model.policy.model(torch.tensor([tokens])).logits[0, -1]
        expected = (logits / (temperature or 1)).log_softmax(-1)
        (token,) = model.tokenizer.encode(scored.token)
        assert scored.logprob == pytest.approx(float(expected[token]), abs=1e-4)
        best = expected.topk(3)
        assert [one.logprob for one in scored.top_logprobs] == pytest.approx(best.values.tolist(), abs=1e-4)
        assert [one.token for one in scored.top_logprobs] == [model.text([id]) for id in best.indices.tolist()]
        assert bytes(scored.bytes).decode() == scored.token
        tokens.append(token)


def test_without_logprobs_there_are_none(client: openai.OpenAI) -> None:
    assert asked(client).choices[0].logprobs is None


def test_requests_that_arrive_together_share_a_batch_and_answer_as_alone(client: openai.OpenAI, made: ServeApp) -> None:
    ways = [
        {"messages": [{"role": "user", "content": "7" * count}], "seed": count, "temperature": 1, "n": n}
        for count, n in ((1, 1), (5, 2), (9, 3))
    ]
    alone = [[one.message.content for one in asked(client, **way).choices] for way in ways]
    together: dict[int, Any] = {}
    before = len(made.rounds.sizes)

    def ask(place: int) -> None:
        together[place] = [one.message.content for one in asked(client, **ways[place]).choices]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[place] for place in range(3)] == alone
    assert max(made.rounds.sizes[before:]) > 1


def test_completions_take_the_text_as_it_is(client: openai.OpenAI, model: ServedModel) -> None:
    prompts = ["1+1=", "12"]
    found = client.completions.create(
        model="tiny-run", prompt=prompts, max_tokens=5, temperature=0, logprobs=2, n=2, seed=1
    )
    assert [one.index for one in found.choices] == [0, 1, 2, 3]
    for choice, prompt in zip(found.choices, ["1+1=", "1+1=", "12", "12"], strict=True):
        expected = greedy(model, tuple(model.tokenizer.encode(prompt)), 5)
        assert choice.text == model.text([token for token in expected if token not in model.ends])
        assert choice.logprobs.tokens == [model.text([token]) for token in expected]
        assert choice.logprobs.text_offset == [0, 1, 2, 3, 4][: len(expected)] or len(expected) < 5
        assert all(len(top) == 2 for top in choice.logprobs.top_logprobs)
    streamed = client.completions.create(model="tiny-run", prompt="12", max_tokens=5, temperature=0, stream=True)
    assert "".join(one.choices[0].text for one in streamed) == found.choices[2].text


def test_tokens_in_tokens_out(url: str, model: ServedModel) -> None:
    tokens = tuple(model.tokenizer.encode("1+1="))
    sampling = {"max_tokens": 4, "temperature": 0, "logprobs": 1, "skip_special_tokens": False, "seed": 1}
    status, found = post(url, "/inference/v1/generate", {"token_ids": tokens, "sampling_params": sampling})
    assert status == 200
    (choice,) = found["choices"]
    assert choice["token_ids"] == greedy(model, tokens, 4)
    named = [one["token"] for one in choice["logprobs"]["content"]]
    assert named == [f"token_id:{token}" for token in choice["token_ids"]]
    first = choice["token_ids"][0]
    cut = {**sampling, "stop_token_ids": [first]}
    _, found = post(url, "/inference/v1/generate", {"token_ids": tokens, "sampling_params": cut, "request_id": "mine"})
    assert found["request_id"] == "mine"
    assert (found["choices"][0]["token_ids"], found["choices"][0]["finish_reason"]) == ([first], "stop")


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"temprature": 1}, "temprature", "is not a field that this server has; did you mean temperature"),
        ({"tools": [{"type": "function"}]}, "tools", "this engine has no such thing"),
        ({"temperature": -1}, "temperature", "greater than or equal to 0"),
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"messages": []}, "messages", "at least 1 item"),
        ({"messages": [{"role": "assistant", "content": "4"}]}, "messages", "the last must be the user's"),
        ({"top_logprobs": 2}, "top_logprobs", "needs logprobs"),
        ({"model": "other"}, "model", "there is tiny-run"),
        ({"messages": [{"role": "user", "content": "1" * 600}]}, "prompt", "send a shorter one"),
    ],
)
def test_what_is_wrong_is_named_in_the_apis_shape(url: str, change: dict[str, Any], field: str, says: str) -> None:
    body = {"model": "tiny-run", "messages": ASK, **change}
    for stream in (False, True):
        status, found = post(url, "/v1/chat/completions", {**body, "stream": stream})
        assert status == (404 if field == "model" else 400)
        assert found["error"]["param"] == field
        assert says in found["error"]["message"]
        assert set(found["error"]) == {"message", "type", "param", "code"}


def test_bodies_that_are_no_json_object(url: str) -> None:
    for body in (b"{", b"[]", b"\xff"):
        status, found = post(url, "/v1/completions", body)
        assert (status, found["error"]["message"]) == (400, "body: is not a JSON object")


def test_health_and_paths_that_are_not_there(url: str) -> None:
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert json.load(answer) == {"status": "ok", "models": ["tiny-run"], "waiting": 0}
    assert post(url, "/v1/embeddings", {})[0] == 404


def test_other_sites_are_refused(url: str) -> None:
    assert post(url, "/v1/completions", {}, host="evil.example")[0] == 421
    assert post(url, "/v1/completions", {}, **{"sec-fetch-site": "cross-site"})[0] == 403
    assert post(url, "/v1/completions", {}, **{"content-type": "text/plain"})[0] == 415


def test_a_key_is_asked_for(model: ServedModel) -> None:
    with running(serve_app(Shelf.of("tiny-run", model), api_key="open-sesame", window=0)) as url:
        wrong = openai.OpenAI(base_url=f"{url}/v1", api_key="sesame", max_retries=0)
        with pytest.raises(openai.AuthenticationError, match="authorization"):
            wrong.models.list()
        right = openai.OpenAI(base_url=f"{url}/v1", api_key="open-sesame", max_retries=0)
        assert [one.id for one in right.models.list().data] == ["tiny-run"]


def test_models_are_loaded_when_they_are_asked_for(model: ServedModel, tmp_path: Path) -> None:
    opened: list[str] = []

    def open(name: str) -> ServedModel:
        opened.append(name)
        return model

    with running(serve_app(Shelf(lambda: ("one", "two"), open), window=0)) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
        assert [one.id for one in client.models.list().data] == ["one", "two"]
        assert opened == []
        for name in ("one", "one", "two"):
            client.chat.completions.create(model=name, messages=ASK, max_tokens=2)  # type: ignore[arg-type]
        assert opened == ["one", "two"]
