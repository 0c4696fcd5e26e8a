"""The process that `whet.chat.service` runs in: started on demand, asked line by line, ended when idle."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

IDLE = 300.0
"""Seconds without a question after which the process ends, and its models leave the memory."""

GRACE = 3.0
"""Seconds that an answer which is stopped may go on before the process is killed."""

LINE = 1 << 22
"""Bytes of an event at most."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")

COMMAND = (sys.executable, "-P", "-m", "whet.chat.service")


class ChatProcess:
    """A running chat process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._asked = 0
        self._answering: int | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._settling: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, careful: bool, command: tuple[str, ...] = COMMAND) -> "ChatProcess":
        """Starts the process; a careful one has one thread and the lowest priority."""
        environment = {**os.environ, **(ONE_THREAD if careful else {})}
        lower: Callable[[], object] | None = _lowest if careful else None
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=LINE, env=environment, preexec_fn=lower
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        """Whether it can be asked: it runs, and no earlier answer hangs."""
        return self._process.returncode is None and self._answering is None

    async def ask(
        self, request: Callable[[int], Mapping[str, Any]], stop: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        """Yields the events of the answer to `request`, which is given its id; ends early where `stop` is set.

        Where the iterator is closed, the answer is stopped.
        """
        self._asked += 1
        id = self._answering = self._asked
        self._stay()
        self._send(request(id))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                reading = asyncio.create_task(self._line())
                await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    reading.cancel()
                    return
                found = reading.result()
                if found is None:
                    yield {
                        "type": "error",
                        "text": "chat: its process ended; there may be too little memory, ask again",
                    }
                    return
                if found["id"] != id:
                    continue
                if found.get("end"):
                    self._answering = None
                    return
                yield found["event"]
        finally:
            stopping.cancel()
            self._leave(id)

    async def end(self) -> None:
        """Ends the process."""
        if self._idle is not None:
            self._idle.cancel()
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _send(self, line: Mapping[str, Any]) -> None:
        with suppress(ConnectionError, RuntimeError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _line(self) -> dict[str, Any] | None:
        """The next line of the process; None where it has ended or writes something else."""
        if self._process.stdout is None:
            return None
        with suppress(ValueError, ConnectionError):
            raw = await self._process.stdout.readline()
            found = json.loads(raw) if raw else None
            return found if isinstance(found, dict) and "id" in found else None
        return None

    def _leave(self, id: int) -> None:
        """Stops an answer that is still being written, in the background, and waits for the next question."""
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(IDLE, self._kill)
        if self._answering == id:
            self._send({"stop": id})
            self._settling = loop.create_task(self._settle(id))

    async def _settle(self, id: int) -> None:
        """Reads the rest of a stopped answer; kills the process where that takes too long."""
        try:
            async with asyncio.timeout(GRACE):
                while (found := await self._line()) is not None:
                    if found["id"] == id and found.get("end"):
                        self._answering = None
                        return
        except TimeoutError:
            self._kill()

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _kill(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()


def _lowest() -> None:
    os.nice(19)
