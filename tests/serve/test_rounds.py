"""Requests in rounds: who shares a batch, and what becomes of those that fail or leave."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from serving import tiny_run
from whet.errors import UserError
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import TORCH
from whet.rollout.engine_choice import EAGER, EngineChoice, EngineOption
from whet.rollout.native import NativeSampler
from whet.serve.asked import Asked
from whet.serve.choice import Delta
from whet.serve.rounds import Begun, Failed, Job, News, Rounds
from whet.serve.served_model import ServedModel, open_model
from whet.serve.shelf import Shelf

ASKED = Asked("tiny", ("12",), temperature=0.0, max_tokens=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    return open_model(str(tiny_run(tmp_path_factory.mktemp("served"))))[1]


class Client:
    """A request and its news, until the answer has ended."""

    def __init__(self, asked: Asked) -> None:
        self.news: list[News] = []
        self.ended = threading.Event()
        self.job = Job(asked, self._hear)

    def _hear(self, news: News) -> None:
        self.news.append(news)
        finished = sum(isinstance(one, Delta) and one.finish is not None for one in self.news)
        if isinstance(news, Failed) or finished == len(self.job.asked.prompts) * self.job.asked.n:
            self.ended.set()

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.news if isinstance(one, Delta))


def answered(rounds: Rounds, *asked: Asked) -> list[Client]:
    clients = [Client(one) for one in asked]
    for client in clients:
        rounds.submit(client.job)
    assert all(client.ended.wait(60) for client in clients)
    rounds.close()
    return clients


def test_a_request_is_begun_then_written(model: ServedModel) -> None:
    (client,) = answered(Rounds(Shelf.of("tiny", model)), ASKED)
    first, *rest = client.news
    assert isinstance(first, Begun)
    assert first.prompt_tokens == len(model.tokenizer.encode("12"))
    assert all(isinstance(one, Delta) for one in rest)
    assert 1 <= len(rest) <= 4


def test_one_temperature_shares_a_batch_whatever_else_differs(model: ServedModel) -> None:
    ways = [
        replace(ASKED, temperature=1.0, seed=1, prompts=("1",), n=2),
        replace(ASKED, temperature=1.0, seed=2, prompts=("123", "4"), max_tokens=9),
        replace(ASKED, temperature=1.0, seed=3, n=4, max_tokens=1),
    ]
    alone = [answered(Rounds(Shelf.of("tiny", model), window=0), way)[0] for way in ways]
    rounds = Rounds(Shelf.of("tiny", model), window=0.5)
    together = answered(rounds, *ways)
    assert rounds.sizes == [3]
    for one, other in zip(alone, together, strict=True):
        for index in range(len(one.job.asked.prompts) * one.job.asked.n):
            texts = [
                "".join(news.text for news in client.news if isinstance(news, Delta) and news.index == index)
                for client in (one, other)
            ]
            assert texts[0] == texts[1]


def test_temperatures_and_top_p_are_sampled_one_after_another(model: ServedModel) -> None:
    rounds = Rounds(Shelf.of("tiny", model), window=0.5)
    answered(rounds, ASKED, replace(ASKED, temperature=1.0), replace(ASKED, top_p=0.5), ASKED)
    assert rounds.sizes == [2, 1, 1]


def test_nobody_is_sampled_past_the_context(model: ServedModel) -> None:
    rounds = Rounds(Shelf.of("tiny", model), window=0.5)
    near_the_end = replace(ASKED, prompts=("1" * 508,), max_tokens=None)
    clients = answered(rounds, replace(ASKED, max_tokens=40), near_the_end)
    assert rounds.sizes == [1, 1]
    assert sum(isinstance(one, Delta) for one in clients[1].news) <= 4


def test_too_many_rows_are_split(model: ServedModel) -> None:
    rounds = Rounds(Shelf.of("tiny", model), window=0.5)
    answered(rounds, *[replace(ASKED, n=100, max_tokens=1, temperature=1.0)] * 2)
    assert rounds.sizes == [1, 1]


def test_a_bad_prompt_fails_alone(model: ServedModel) -> None:
    wrong, right = answered(Rounds(Shelf.of("tiny", model), window=0.2), replace(ASKED, prompts=((10**6,),)), ASKED)
    (news,) = wrong.news
    assert isinstance(news, Failed)
    assert (news.status, news.why.startswith("prompt: token 1000000")) == (400, True)
    assert isinstance(right.news[-1], Delta)


def test_a_model_that_cannot_be_loaded_is_told_to_all(model: ServedModel) -> None:
    def open(name: str) -> ServedModel:
        raise UserError("model.name: is not there") if name == "tiny" else OSError("disk")

    shelf = Shelf(lambda: ("tiny", "other"), open)
    clients = answered(Rounds(shelf, window=0.2), ASKED, ASKED, replace(ASKED, model="other"))
    assert [client.news for client in clients[:2]] == [[Failed("model.name: is not there", 400)]] * 2
    assert clients[2].news == [Failed("the engine failed with OSError: disk", 500)]


def test_who_leaves_is_not_sampled_for(model: ServedModel) -> None:
    rounds = Rounds(Shelf.of("tiny", model), window=0.2)
    gone, here = Client(replace(ASKED, max_tokens=400)), Client(ASKED)
    gone.job.left.set()
    rounds.submit(gone.job)
    rounds.submit(here.job)
    assert here.ended.wait(60)
    rounds.close()
    assert gone.news == []
    assert rounds.sizes == [1]


def test_a_round_ends_where_everyone_has_left(model: ServedModel) -> None:
    heard: list[News] = []

    def leave(news: News) -> None:
        heard.append(news)
        if len(heard) == 3:
            job.left.set()
            left.set()

    left = threading.Event()
    job = Job(replace(ASKED, max_tokens=400, temperature=1.0), leave)
    rounds, after = Rounds(Shelf.of("tiny", model), window=0), Client(ASKED)
    rounds.submit(job)
    assert left.wait(60)
    rounds.submit(after.job)
    assert after.ended.wait(60)
    rounds.close()
    assert len(heard) == 3


def test_closing_ends_a_round_at_its_next_token(model: ServedModel) -> None:
    heard: Sequence[News]
    client = Client(replace(ASKED, max_tokens=450, temperature=1.0, n=2))
    rounds = Rounds(Shelf.of("tiny", model), window=0)
    rounds.submit(client.job)
    while not client.news:
        client.ended.wait(0.01)
    rounds.close(30)
    heard = list(client.news)
    client.ended.wait(0.1)
    assert client.news == heard


def test_without_a_temperature_the_servers_counts(model: ServedModel) -> None:
    greedy = answered(Rounds(Shelf.of("tiny", model), temperature=0.0), replace(ASKED, temperature=None))
    assert greedy[0].text == answered(Rounds(Shelf.of("tiny", model)), ASKED)[0].text


def test_without_a_seed_completions_differ(model: ServedModel, tmp_path: Path) -> None:
    once, again = (
        answered(Rounds(Shelf.of("tiny", model)), replace(ASKED, temperature=1.0, max_tokens=12))[0].text
        for _ in range(2)
    )
    assert once != again


def _without_graphs(weights: Any) -> GraphedDecoder:
    """An engine that fails at its first draw, as Triton's kernels do where they are not compiled."""

    def record(work: Any) -> Any:
        raise RuntimeError("no kernel image is available")

    return GraphedDecoder(weights, TORCH, record)


def test_an_engine_that_fails_gives_way_to_the_next_one(model: ServedModel) -> None:
    sampler = NativeSampler()
    sampler.engine_choice = EngineChoice(options={"cpu": (EngineOption("kernels", _without_graphs), EAGER)})
    sampler.load(model.policy)
    sampled = replace(ASKED, temperature=1.0, seed=1, n=2, max_tokens=12)
    found = answered(Rounds(Shelf.of("tiny", replace(model, sampler=sampler))), sampled)[0]
    expected = answered(Rounds(Shelf.of("tiny", model)), sampled)[0]
    assert [one for one in found.news if isinstance(one, Failed)] == []
    assert found.text == expected.text != ""


def test_a_model_that_nobody_asks_leaves_the_memory(model: ServedModel) -> None:
    cleared = threading.Event()

    class Watched(Shelf):
        def clear(self) -> None:
            super().clear()
            cleared.set()

    shelf = Watched(lambda: ["tiny"], lambda _: model)
    rounds = Rounds(shelf, idle=0.05)
    assert rounds._thread.ident is None  # nothing was asked for yet
    for _ in range(2):
        client = Client(ASKED)
        rounds.submit(client.job)
        assert client.ended.wait(60)
        assert cleared.wait(60)
        cleared.clear()
    assert shelf.context_of("tiny") is None
    rounds.close()
