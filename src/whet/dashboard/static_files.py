"""The files of the page, found by listing their folder once: a path from a request is only looked up."""

from pathlib import Path

from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
"""By ending, the content type of what is served; anything else in the folder is not."""

INDEX = "index.html"


class StaticFiles:
    """The files of a folder, one folder deep, by their path below it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = [path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()]
        self._files = {path.relative_to(folder).as_posix(): path for path in found if path.suffix in TYPES}

    def response(self, name: str) -> Response | None:
        """The file called `name` (`index.html`, `vendor/uplot.js`); None where the folder has none of that name."""
        path = self._files.get(name)
        return Response(path.read_bytes(), media_type=TYPES[path.suffix]) if path else None
