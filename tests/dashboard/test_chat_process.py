"""The process that chat runs in: asked, stopped, killed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from whet.dashboard import chat_process
from whet.dashboard.chat_process import ChatProcess

ECHO = """
import json, os, sys
for line in sys.stdin:
    found = json.loads(line)
    if "stop" in found:
        print(json.dumps({"id": found["stop"], "end": True}), flush=True)
        continue
    if found["q"] == "die":
        os._exit(1)
    if found["q"] == "rubbish":
        print("not json", flush=True)
    for word in found["q"].split():
        event = {"text": word, "threads": os.environ.get("OMP_NUM_THREADS")}
        print(json.dumps({"id": found["id"], "event": event}), flush=True)
    if found["q"] != "hang on":
        print(json.dumps({"id": found["id"], "end": True}), flush=True)
"""


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "echo.py").write_text(ECHO)
    return (sys.executable, str(tmp_path / "echo.py"))


def asked(process: ChatProcess, text: str, stop: asyncio.Event | None = None) -> AsyncIterator[dict[str, Any]]:
    return process.ask(lambda id: {"id": id, "q": text}, stop or asyncio.Event())


def test_questions_are_answered_one_after_the_other(command: tuple[str, ...]) -> None:
    async def go() -> list[list[str]]:
        process = await ChatProcess.start(False, command)
        found = [[one["text"] async for one in asked(process, text)] for text in ("a b", "c", "d e f")]
        assert process.alive
        await process.end()
        assert not process.alive
        return found

    assert asyncio.run(go()) == [["a", "b"], ["c"], ["d", "e", "f"]]


def test_a_careful_process_has_one_thread(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    async def threads(careful: bool) -> Any:
        process = await ChatProcess.start(careful, command)
        found = [one["threads"] async for one in asked(process, "x")]
        await process.end()
        return found[0]

    assert asyncio.run(threads(True)) == "1"
    assert asyncio.run(threads(False)) is None


@pytest.mark.parametrize("text", ["die", "rubbish"])
def test_a_process_that_ends_or_talks_rubbish_is_told_of(command: tuple[str, ...], text: str) -> None:
    async def go() -> list[dict[str, Any]]:
        process = await ChatProcess.start(False, command)
        found = [one async for one in asked(process, text)]
        assert not process.alive
        await process.end()
        return found

    (found,) = asyncio.run(go())
    assert found["type"] == "error"
    assert "its process ended" in found["text"]


def test_an_answer_that_nobody_reads_any_more_is_stopped(command: tuple[str, ...]) -> None:
    async def go() -> bool:
        process = await ChatProcess.start(False, command)
        answer = asked(process, "hang on")
        assert (await anext(answer))["text"] == "hang"
        await answer.aclose()  # type: ignore[attr-defined]
        assert process._settling is not None
        await process._settling
        again = [one["text"] async for one in asked(process, "again")]
        await process.end()
        return again == ["again"]

    assert asyncio.run(go())


def test_a_process_that_does_not_stop_is_killed(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_process, "GRACE", 0.05)
    monkeypatch.setattr(ChatProcess, "_send", lambda self, line: "stop" in line or _send(self, line))

    async def go() -> int | None:
        process = await ChatProcess.start(False, command)
        answer = asked(process, "hang on")
        await anext(answer)
        await answer.aclose()  # type: ignore[attr-defined]
        assert process._settling is not None
        await process._settling
        return await process._process.wait()

    assert asyncio.run(go()) == -9


_send = ChatProcess._send


def test_the_server_s_end_ends_an_answer(command: tuple[str, ...]) -> None:
    async def go() -> list[str]:
        process, stop = await ChatProcess.start(False, command), asyncio.Event()
        found = []
        async for one in asked(process, "hang on", stop):
            found.append(one["text"])
            if one["text"] == "on":
                asyncio.get_running_loop().call_later(0.05, stop.set)
        await process.end()
        return found

    assert asyncio.run(go()) == ["hang", "on"]


def test_an_idle_process_ends(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_process, "IDLE", 0.05)

    async def go() -> int | None:
        process = await ChatProcess.start(False, command)
        assert [one["text"] async for one in asked(process, "x")] == ["x"]
        return await asyncio.wait_for(process._process.wait(), 30)

    assert asyncio.run(go()) == -9
