"""The routes of the OpenAI API over rounds of the native engine, as an ASGI application."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from whet.serve.answering import AnswerError, Answering, EndedError
from whet.serve.asked import Asked
from whet.serve.body import BodyError, ChatBody, CompletionBody, TokenBody, parsed
from whet.serve.gate import Gate, Gated
from whet.serve.openai_objects import Answer, Object, as_problem, token_answer, usage
from whet.serve.rounds import WINDOW, Rounds
from whet.serve.shelf import Shelf

API = "/v1"
"""What the paths of the OpenAI API begin with."""

TOKENS = "/inference/v1/generate"
"""The path that takes and gives tokens."""

LARGEST = 8 << 20
"""Bytes of a request's body at most."""

Handler = Callable[[Request], Awaitable[Response]]


class ServeApp:
    """The application; `close` ends its streams and its thread, so that the server can end."""

    def __init__(self, rounds: Rounds, gate: Gate) -> None:
        self.shelf, self.rounds = rounds.shelf, rounds
        self.stopped = asyncio.Event()
        """Set where the server ends: open answers end too."""
        self.began = int(time.time())
        routes = [Route(path, _told(handler), methods=[method]) for method, path, handler in self._routes()]
        self.app = Gated(Starlette(routes=routes, lifespan=self._lifespan), gate)

    def _routes(self) -> Sequence[tuple[str, str, Handler]]:
        return (
            ("GET", "/health", self._health),
            ("GET", f"{API}/models", self._models),
            ("GET", f"{API}/models/{{name:path}}", self._model),
            ("POST", f"{API}/chat/completions", self._chat),
            ("POST", f"{API}/completions", self._completions),
            ("POST", TOKENS, self._generate),
            ("GET", "/{rest:path}", self._nothing),
            ("POST", "/{rest:path}", self._nothing),
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Ends open answers and the thread of the rounds."""
        self.stopped.set()
        self.rounds.close()

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "models": list(self.shelf.names()), "waiting": self.rounds.waiting})

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [self._described(name) for name in self.shelf.names()]})

    async def _model(self, request: Request) -> Response:
        return JSONResponse(self._described(self._known(request.path_params["name"])))

    def _described(self, name: str) -> Object:
        context = self.shelf.context_of(name)
        return {
            "id": name,
            "object": "model",
            "created": self.began,
            "owned_by": "whet",
            "max_model_len": context,
        }

    def _known(self, name: str) -> str:
        """Returns the model's name. Raises `AnswerError` where it is not served."""
        names = self.shelf.names()
        if name not in names:
            served = ", ".join(names) or "none"
            raise AnswerError(404, f"model: {name!r} is not served here; there is {served}", "model", "model_not_found")
        return name

    def _begin(self, prefix: str, asked: Asked) -> tuple[Answer, Answering]:
        self._known(asked.model)
        work = Answering(self.rounds, asked, self.stopped)
        id = f"{prefix}-{secrets.token_hex(12)}"
        return Answer(id, asked.model, int(time.time()), work.decode, asked.logprobs), work

    async def _chat(self, request: Request) -> Response:
        asked = parsed(ChatBody, await _object(request)).read()
        answer, work = self._begin("chatcmpl", asked)
        if not asked.stream:
            written = await work.whole(request)
            return JSONResponse(answer.chat(written, usage(work.prompt_tokens, work.tokens)))
        await work.begun()
        return self._stream(self._chat_chunks(answer, work))

    async def _chat_chunks(self, answer: Answer, work: Answering) -> AsyncIterator[Object]:
        met: set[int] = set()
        last = {"usage": None} if work.asked.include_usage else {}
        async for delta in work.deltas():
            if delta.text or delta.tokens or delta.finish:
                yield answer.chat_chunk(delta, delta.index not in met) | last
                met.add(delta.index)
        if work.asked.include_usage:
            counts = usage(work.prompt_tokens, work.tokens)
            yield answer.head("chat.completion.chunk", []) | {"usage": counts}

    async def _completions(self, request: Request) -> Response:
        asked = parsed(CompletionBody, await _object(request)).read()
        answer, work = self._begin("cmpl", asked)
        if not asked.stream:
            written = await work.whole(request)
            return JSONResponse(answer.completion(written, usage(work.prompt_tokens, work.tokens)))
        await work.begun()
        return self._stream(self._completion_chunks(answer, work))

    async def _completion_chunks(self, answer: Answer, work: Answering) -> AsyncIterator[Object]:
        lengths: dict[int, int] = {}
        last = {"usage": None} if work.asked.include_usage else {}
        async for delta in work.deltas():
            if delta.text or delta.tokens or delta.finish:
                start = lengths.get(delta.index, 0)
                lengths[delta.index] = start + len(delta.text)
                yield answer.completion_chunk(delta, start) | last
        if work.asked.include_usage:
            yield answer.head("text_completion", []) | {"usage": usage(work.prompt_tokens, work.tokens)}

    async def _generate(self, request: Request) -> Response:
        body = parsed(TokenBody, await _object(request))
        asked = body.read(next(iter(self.shelf.names()), ""))
        self._known(asked.model)
        written = await Answering(self.rounds, asked, self.stopped).whole(request)
        return JSONResponse(token_answer(body.request_id or secrets.token_hex(12), written, asked.logprobs))

    async def _nothing(self, request: Request) -> Response:
        raise AnswerError(404, f"{request.url.path[:80]}: there is nothing here; the API begins at {API}")

    def _stream(self, objects: AsyncIterator[Object]) -> Response:
        return StreamingResponse(
            _events(objects), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )


async def _events(objects: AsyncIterator[Object]) -> AsyncIterator[bytes]:
    """Server-sent events: an object in each, an error as the last where one comes, then `[DONE]`."""
    try:
        async for one in objects:
            yield _event(json.dumps(one))
    except EndedError:
        return
    except AnswerError as error:
        yield _event(json.dumps(error.as_object()))
    yield _event("[DONE]")


def _event(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


def _told(handler: Handler) -> Handler:
    """The handler with errors as answers in the API's shape."""

    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except BodyError as error:
            return JSONResponse(as_problem(str(error), 400, error.field or None), 400)
        except AnswerError as error:
            return JSONResponse(error.as_object(), error.status)
        except ClientDisconnect:
            return Response(status_code=499)

    return told


async def _object(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body. Raises `BodyError` for anything else, `AnswerError` for too much of it."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise AnswerError(413, f"body: has more than {LARGEST >> 20} MiB")
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(bytes(content))
    if not isinstance(found, dict):
        raise BodyError("", "body: is not a JSON object")
    return found


def serve_app(
    shelf: Shelf,
    *,
    api_key: str | None = None,
    host: str = "127.0.0.1",
    temperature: float = 1.0,
    window: float = WINDOW,
    idle: float | None = None,
) -> ServeApp:
    """Returns the API as an ASGI application, `.app`, to serve or to mount; no model is loaded before it is asked for.

    Args:
        shelf: the models, by name.
        api_key: what clients must send as a bearer token; without one only this machine's names are answered to.
        host: the address that the server listens on, which a `Host` header may name.
        temperature: where a request names none; 1 is the API's.
        window: seconds that the first request of a batch waits for others.
        idle: seconds without a request after which the model leaves the memory; None keeps it.
    """
    return ServeApp(Rounds(shelf, temperature, window, idle), Gate(api_key, host))
