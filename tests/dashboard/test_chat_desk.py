"""Chat from the page: what may be asked, with what care."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from page_runs import page_run
from whet.dashboard import chat_desk
from whet.dashboard.chat_desk import ChatDesk, Question
from whet.dashboard.library import Library
from whet.errors import UserError


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = page_run(tmp_path / "a")
    (folder / "final").mkdir()
    (folder / "final" / "model.safetensors").write_bytes(b"x" * 1000)
    (folder / "checkpoints" / "step-2").mkdir(parents=True)
    (folder / "checkpoints" / "sft").mkdir()
    return Library(tmp_path)


def ask(library: Library, **body: Any) -> Question:
    return Question.of({"run": "a", "question": "2 + 2?", **body}, library)


def trains(folder: Path) -> None:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
    (folder / "owner.json").write_text(json.dumps(owner))


class Process:
    """In place of a chat process."""

    alive = True

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.ended = False

    async def ask(self, request: Any, stop: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
        self.requests.append(request(1))
        yield {"type": "chunk", "text": "4"}

    async def end(self) -> None:
        self.ended = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, Process]]:
    made: list[tuple[bool, Process]] = []

    async def start(careful: bool) -> Process:
        made.append((careful, Process()))
        return made[-1][1]

    monkeypatch.setattr(chat_desk, "ChatProcess", SimpleNamespace(start=start))
    return made


async def _all(desk: ChatDesk, question: Question) -> list[dict[str, Any]]:
    return [event async for event in desk.ask(question, asyncio.Event())]


def test_a_question_becomes_a_request(library: Library) -> None:
    question = ask(library, part="step-2", base=True, temperature=0.5, max_tokens=9)
    assert question.request(3) == {
        "id": 3,
        "what": f"{library.root / 'a'}:step-2",
        "base": True,
        "question": "2 + 2?",
        "gold": None,
        "samples": 1,
        "temperature": 0.5,
        "max_tokens": 9,
    }


def test_asking_a_rollout_s_question_again(library: Library) -> None:
    question = ask(library, rollout={"step": 1, "group": 0}, samples=8, question=None)
    assert (question.question, question.gold, question.samples) == ("What is 40 + 2?", "42", 8)
    assert question.temperature == 0.7  # the run's own, where several are sampled


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"part": "step-9"}, "part: 'step-9' is no model of a"),
        ({"part": "../../etc"}, "part: "),
        ({"question": ""}, "question: must be a text"),
        ({"question": 7}, "question: must be a text"),
        ({"question": "x" * 20_001}, "question: must be a text"),
        ({"samples": 17}, "samples: is 17; it must be a whole number from 1 to 16"),
        ({"samples": True}, "samples: is True"),
        ({"temperature": "hot"}, "temperature: is hot"),
        ({"temperature": -1}, "temperature: is -1"),
        ({"max_tokens": 0}, "max_tokens: is 0"),
        ({"rollout": {"step": "x", "group": 0}}, "rollout: needs a step and a group"),
        ({"rollout": {"step": 0, "group": 9}}, "rollout: step 0 has no group 9"),
        ({"run": "nothing"}, "there is no run called"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(library: Library, body: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask(library, **body)


def test_an_answer_ends_with_done_and_the_process_is_used_again(
    library: Library, started: list[tuple[bool, Process]]
) -> None:
    async def go() -> None:
        desk = ChatDesk(library)
        for _ in range(2):
            assert await _all(desk, ask(library)) == [{"type": "chunk", "text": "4"}, {"type": "done"}]
            assert not desk.busy
        assert desk.possible(library.open("a"))["loaded"] == ["a"]
        await desk.close()

    asyncio.run(go())
    assert [careful for careful, _ in started] == [False]
    assert len(started[0][1].requests) == 2
    assert started[0][1].ended


def test_beside_a_training_it_is_careful(library: Library, started: list[tuple[bool, Process]]) -> None:
    async def go() -> None:
        desk = ChatDesk(library)
        await _all(desk, ask(library))
        trains(page_run(library.root / "b"))
        library._listed = (float("-inf"), {})
        assert "one thread" in desk.possible(library.open("a"))["warning"]
        await _all(desk, ask(library))

    asyncio.run(go())
    assert [(careful, process.ended) for careful, process in started] == [(False, True), (True, False)]


def test_models_that_do_not_fit_beside_a_training_are_not_loaded(
    library: Library, started: list[tuple[bool, Process]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trains(library.root / "a")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=7000))

    async def go() -> list[dict[str, Any]]:
        return await _all(ChatDesk(library), ask(library, base=True))

    error, done = asyncio.run(go())
    assert (error["type"], done) == ("error", {"type": "done"})
    assert "are free while a run trains" in error["text"]
    assert started == []


def test_a_run_without_a_format_or_sampling_is_told_of(library: Library) -> None:
    (library.root / "a" / "recipe.yaml").write_text("format: {name: unknown}\n")
    found = ChatDesk(library).possible(library.open("a"))
    assert (found["format"], found["max_tokens"], found["possible"], found["why"]) == (None, None, True, None)
