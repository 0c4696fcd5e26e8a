"""The page's web application: files, JSON answers, and two streams, behind the guard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from whet.dashboard.access import Access
from whet.dashboard.answer_cache import AnswerCache
from whet.dashboard.chat_desk import ChatDesk, Question
from whet.dashboard.guard import LOGIN, Guard
from whet.dashboard.json_reply import as_error, as_json, encoded
from whet.dashboard.library import Library
from whet.dashboard.query import Query
from whet.dashboard.routes import answer_of, search_answer
from whet.dashboard.run_models import shelf_of
from whet.dashboard.static_files import INDEX, StaticFiles
from whet.dashboard.use_from_program import use_from_program
from whet.errors import UserError
from whet.serve import API, TOKENS, serve_app

IDLE = 300.0
"""Seconds without a request after which the model that the OpenAI API has loaded leaves the memory."""

THREADS = 6
"""Answers that are worked on at once; the others wait."""

LINES = "application/x-ndjson"
JSON = "application/json"

SHARED = {"/api/since", "/api/step", "/api/steps", "/api/curves", "/api/overview", "/api/waste"}
"""Questions that every tab that follows a run asks again and again."""

Handler = Callable[[Request], Awaitable[Response]]


class Page:
    """The application over a library of runs, and beside it the OpenAI API, whose key is the page's token."""

    def __init__(self, library: Library, access: Access, files: StaticFiles | None = None) -> None:
        self.library, self.access = library, access
        self.files = files or StaticFiles()
        self.desk = ChatDesk(library)
        self.stop = asyncio.Event()
        self.api = serve_app(shelf_of(library), api_key=access.token, idle=IDLE)
        self._shared = AnswerCache()
        self._threads = ThreadPoolExecutor(THREADS, "whet-page")
        page = Guard(Starlette(routes=list(self._routes()), lifespan=self._lifespan), access)
        self.app: ASGIApp = _Beside(page, self.api.app)

    def end(self) -> None:
        """Ends the open streams, so that the server can end."""
        self.stop.set()
        self.api.stopped.set()

    def _routes(self) -> Iterator[Route]:
        for path, handler, methods in (
            ("/", self._index, ["GET"]),
            ("/static/{name:path}", self._file, ["GET"]),
            (LOGIN, self._login, ["POST"]),
            ("/api/search", self._search, ["GET"]),
            ("/api/chat", self._chat, ["GET", "POST"]),
            ("/api/use", self._use, ["GET"]),
            ("/api/{rest:path}", self._answer, ["GET"]),
            ("/{rest:path}", self._nothing, ["GET", "POST"]),
        ):
            yield Route(path, _told(handler), methods=methods)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        await self.desk.close()
        await asyncio.to_thread(self.api.close)
        self.library.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _work(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function that reads files in a thread, and waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments))

    async def _index(self, request: Request) -> Response:
        return self.files.response(INDEX) or as_json({"error": "the page is not in this installation"}, 503)

    async def _file(self, request: Request) -> Response:
        return self.files.response(request.path_params["name"]) or _not_there()

    async def _nothing(self, request: Request) -> Response:
        return _not_there()

    async def _login(self, request: Request) -> Response:
        found = await _object(request)
        if not self.access.opens(str(found.get("token", ""))):
            await asyncio.sleep(0.2)
            return as_json({"error": "this is not the token; open the link that `whet ui` printed"}, 401)
        answer = Response(status_code=204)
        answer.set_cookie(self.access.cookie_name, self.access.cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def _answer(self, request: Request) -> Response:
        query, ids = Query(request.query_params), request.query_params.getlist("run")

        def made() -> bytes:
            return encoded(answer_of(self.library, request.url.path, query, ids))

        def work() -> Response:
            try:
                if request.url.path not in SHARED or len(ids) != 1:
                    return Response(made(), media_type=JSON)
                folder = self.library.open(ids[0]).path
                question = f"{request.url.path}?{request.url.query}"
                return Response(self._shared.get(question, folder, made), media_type=JSON)
            except KeyError:
                return _not_there()

        answer: Response = await self._work(work)
        return answer

    async def _search(self, request: Request) -> Response:
        query = Query(request.query_params)
        run = await self._work(self.library.open, query.required("run"))
        return StreamingResponse(self._pulled(iter(search_answer(run, query))), media_type=LINES)

    async def _pulled(self, lines: Iterator[Any]) -> AsyncIterator[bytes]:
        """The lines of an iterator that works in a thread, until the server stops."""
        nothing = object()
        while not self.stop.is_set():
            line = await self._work(partial(next, lines, nothing))
            if line is nothing:
                return
            yield encoded(line) + b"\n"

    async def _chat(self, request: Request) -> Response:
        if request.method == "GET":
            run = await self._work(self.library.open, Query(request.query_params).required("run"))
            return as_json(await self._work(self.desk.possible, run))
        question = await self._work(Question.of, await _object(request), self.library)
        if self.desk.busy:
            return as_json({"error": "chat: an answer is being written; wait for it, or stop it"}, 429)
        return StreamingResponse(self._said(question), media_type=LINES)

    async def _use(self, request: Request) -> Response:
        run = await self._work(self.library.open, Query(request.query_params).required("run"))
        return as_json(use_from_program(run, f"http://{request.headers['host']}{API}", self.access.token))

    async def _said(self, question: Question) -> AsyncIterator[bytes]:
        async for line in self.desk.ask(question, self.stop):
            yield encoded(line) + b"\n"


class _Beside:
    """The page, and the OpenAI API at its own paths: programs ask with a key, without the page's header and cookie."""

    def __init__(self, page: ASGIApp, api: ASGIApp) -> None:
        self.page, self.api = page, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request to the one it is for; start and end are the page's."""
        path = scope.get("path", "")
        to_api = scope["type"] == "http" and (path.startswith(f"{API}/") or path == TOKENS)
        await (self.api if to_api else self.page)(scope, receive, send)


def _told(handler: Handler) -> Handler:
    """The handler with errors turned into answers."""

    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:
            return as_error(error)

    return told


def _not_there() -> Response:
    return as_json({"error": "there is nothing here"}, 404)


async def _object(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body. Raises `UserError` where it holds none."""
    try:
        found = await request.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError("body: is not a JSON object; send one")
    return found
