"""Chat for other programs, in a process of its own: one JSON object per line in, events as JSON lines out.

`python -m whet.chat.service`. In: `{"id", "what", "base", "question", "gold", "samples", "temperature",
"max_tokens"}`, or `{"stop": id}` to end that answer. Out: `{"id", "event": {…}}` as it is written, then
`{"id", "end": true}`.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from whet.chat.chat_model import ChatModel, Reply
from whet.chat.conversation import Chat, open_chat
from whet.errors import UserError
from whet.types import Problem

Event = dict[str, Any]
"""`note`, `chunk`, `reply` or `error`, by its key `type`."""

OpenChat = Callable[..., Chat]


class ChatService:
    """Answers questions one by one; keeps the models of the last one loaded."""

    def __init__(self, open: OpenChat = open_chat) -> None:
        self._open = open
        self._loaded: tuple[tuple[str, bool], Chat] | None = None
        self.stopped: set[int] = set()
        """Ids of answers that are to end."""

    def answer(self, request: Mapping[str, Any]) -> Iterator[Event]:
        """Yields the events of an answer; what goes wrong is one of them."""
        try:
            yield from self._answer(request)
        except UserError as error:
            yield {"type": "error", "text": str(error)}

    def _answer(self, request: Mapping[str, Any]) -> Iterator[Event]:
        what, base = str(request["what"]), bool(request.get("base"))
        if self._loaded is None or self._loaded[0] != (what, base):
            yield {"type": "note", "text": f"loading {what.rpartition('/')[2]}{' and its base' if base else ''}"}
            self._loaded = None  # their memory first
            self._loaded = ((what, base), self._open(what, base))
        question = str(request["question"]).strip()
        if not question:
            raise UserError("question: is empty; ask something")
        for voice in self._loaded[1].voices:
            yield from self._voice(_tuned(voice, request), question, request)

    def _voice(self, voice: ChatModel, question: str, request: Mapping[str, Any]) -> Iterator[Event]:
        count, gold = int(request.get("samples") or 1), request.get("gold")
        if count > 1:
            for number, reply in enumerate(voice.several(question, count)):
                yield _replied(reply, number, _verdict(voice, reply, gold), voice)
            return
        for event in voice.ask(question):
            if request["id"] in self.stopped:
                return
            if isinstance(event, Reply):
                yield _replied(event, 0, _verdict(voice, event, gold), voice)
            else:
                yield {"type": "chunk", "sample": 0, **asdict(event)}


def _tuned(voice: ChatModel, request: Mapping[str, Any]) -> ChatModel:
    """The voice with the temperature and the limit that are asked for."""
    temperature, most = request.get("temperature"), request.get("max_tokens")
    params = voice.params
    params = params if temperature is None else replace(params, temperature=float(temperature))
    return replace(voice, params=params if most is None else replace(params, max_tokens=int(most)))


def _replied(reply: Reply, number: int, correct: bool | None, voice: ChatModel) -> Event:
    told = asdict(reply) | {"speaker": voice.speaker}
    return {"type": "reply", "sample": number, **told, "correct": correct}


def _verdict(voice: ChatModel, reply: Reply, gold: Any) -> bool | None:
    """Whether the reply is right; None where there is no gold answer or no format."""
    if gold is None or voice.response_format is None:
        return None
    from whet.build.answer_checker import build_answer_checker

    check = build_answer_checker(voice.response_format)
    return check(reply.text, Problem("chat", reply.question, answer=str(gold))).correct


def serve(lines: IO[str], write: Callable[[str], None], service: ChatService) -> None:
    """Answers the requests in `lines` until they end; a thread reads ahead, so that an answer can be stopped."""
    waiting: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()

    def read() -> None:
        for line in lines:
            found = json.loads(line)
            if "stop" in found:
                service.stopped.add(found["stop"])
            else:
                waiting.put(found)
        waiting.put(None)

    Thread(target=read, daemon=True).start()
    while (request := waiting.get()) is not None:
        for event in service.answer(request):
            write(json.dumps({"id": request["id"], "event": event}))
        write(json.dumps({"id": request["id"], "end": True}))


def main() -> None:
    """Serves standard input and output; whatever libraries print goes to standard error."""
    out, sys.stdout = sys.stdout, sys.stderr

    def write(line: str) -> None:
        out.write(line + "\n")
        out.flush()

    serve(sys.stdin, write, ChatService())


if __name__ == "__main__":
    main()
