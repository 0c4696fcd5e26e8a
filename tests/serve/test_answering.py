"""A request seen from the event loop: its answer, and the ends that come before."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from whet.serve.answering import AnswerError, Answering, EndedError
from whet.serve.asked import Asked
from whet.serve.choice import Delta, Scored
from whet.serve.rounds import Begun, Failed, Job, News

ASKED = Asked("m", ("a",), n=2)


def name(tokens: Sequence[int]) -> str:
    return "".join(map(str, tokens))


def grown(index: int, text: str, finish: Any = None) -> Delta:
    return Delta(index, text, (Scored(1, -0.5),), finish)


class Scripted:
    """Rounds that tell the same news."""

    def __init__(self, *news: News) -> None:
        self.news, self.jobs = news, list[Job]()

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        for one in self.news:
            job.tell(one)


def ran(script: Scripted, work: Callable[[Answering, asyncio.Event], Any]) -> Any:
    async def inside() -> Any:
        stopped = asyncio.Event()
        return await work(Answering(script, ASKED, stopped), stopped)  # type: ignore[arg-type]

    return asyncio.run(inside())


def a_request(left: bool = False) -> Any:
    async def is_disconnected() -> bool:
        return left

    return SimpleNamespace(is_disconnected=is_disconnected)


def test_a_whole_answer() -> None:
    script = Scripted(Begun(3, name), grown(1, "x"), grown(0, "a"), grown(1, "y", "stop"), grown(0, "b", "length"))

    async def work(answering: Answering, _: asyncio.Event) -> Any:
        written = await answering.whole(a_request())
        return [(one.text, one.finish) for one in written], answering.prompt_tokens, answering.tokens

    assert ran(script, work) == ([("ab", "length"), ("xy", "stop")], 3, 4)
    assert script.jobs[0].left.is_set()


def test_a_failure_names_its_field() -> None:
    async def work(answering: Answering, _: asyncio.Event) -> Any:
        await answering.whole(a_request())

    with pytest.raises(AnswerError, match="prompt: too long") as caught:
        ran(Scripted(Failed("prompt: too long", 400)), work)
    assert (caught.value.status, caught.value.field) == (400, "prompt")
    with pytest.raises(AnswerError) as caught:
        ran(Scripted(Begun(1, name), Failed("the engine failed", 500)), work)
    assert (caught.value.status, caught.value.field) == (500, None)


def test_a_client_that_leaves_ends_its_answer() -> None:
    script = Scripted(Begun(1, name), grown(0, "a"))

    async def work(answering: Answering, _: asyncio.Event) -> Any:
        await answering.whole(a_request(left=True))

    with pytest.raises(AnswerError) as caught:
        ran(script, work)
    assert caught.value.status == 499
    assert script.jobs[0].left.is_set()


def test_a_server_that_ends_ends_its_answers() -> None:
    script = Scripted(Begun(1, name), grown(0, "a"))

    async def work(answering: Answering, stopped: asyncio.Event) -> Any:
        await answering.begun()
        heard = []
        async for delta in answering.deltas():
            heard.append(delta.text)
            stopped.set()

    with pytest.raises(EndedError):
        ran(script, work)
    assert script.jobs[0].left.is_set()


def test_news_after_the_end_of_the_loop_go_nowhere() -> None:
    script = Scripted(Begun(1, name))

    async def work(answering: Answering, _: asyncio.Event) -> Any:
        return None

    ran(script, work)
    script.jobs[0].tell(grown(0, "late"))
