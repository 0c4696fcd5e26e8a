"""The report of a run: one HTML file that fetches nothing and tells what was asked, what happened, what it learned."""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from whet.dashboard.bundle import bundle, static
from whet.dashboard.open_run import OpenRun, open_run
from whet.dashboard.rows.check_view import check
from whet.dashboard.rows.curves import curves
from whet.dashboard.rows.meanings import meanings
from whet.dashboard.rows.overview import overview
from whet.dashboard.rows.piles import piles
from whet.dashboard.rows.recipe_view import recipe
from whet.files import write_bytes
from whet.redact import redact
from whet.runs import layout
from whet.runs.address import find_run

FIGURES = (
    "reward",
    "frac_reward_zero_std",
    "completions/clipped_ratio",
    "completions/mean_length",
    "entropy",
    "kl",
)
"""What is drawn over the steps, besides held-out accuracy."""

PILES = {"fixed": 3, "broken": 3, "wrong": 2}
"""How many problems of each pile are shown, before and after."""

POINTS = 400
"""Points of a curve at most."""


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name} · Whet</title>
<style>{style}</style>
</head>
<body>
<div id="app"></div>
<noscript><p class="state">This report is drawn by its script, which is turned off. {name}: {sentence}</p></noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""
"""The file; each of `policy`, `name`, `style`, `sentence`, `data` and `script` is put in as it is."""


def report(run: str | PathLike[str], to: Path | None = None) -> Path:
    """Writes a run's report beside its files, or to the file `to`; returns where it is.

    Raises `UserError` where `run` is neither a readable run folder nor the name of one in runs/.
    """
    path = find_run(run)
    target = to or path / layout.REPORT
    write_bytes(target, report_page(open_run(path)).encode())
    return target


def report_page(run: OpenRun) -> str:
    """Returns the report as HTML: data, style and script in one file, without secrets or the home folder."""
    script, style = bundle("report.js"), static("page.css")
    data = redact(json.dumps(report_data(run), ensure_ascii=True, allow_nan=False))
    return PAGE.format(
        policy=_policy(script, style),
        name=escape(run.path.name),
        style=style,
        sentence=escape(_sentence(run)),
        data=inert(data),
        script=script,
    )


def inert(text: str) -> str:
    """JSON that cannot end the element it stands in: `<` only occurs within strings, and there as an escape.

    >>> inert('{"text": "</script>"}')
    '{"text": "\\\\u003c/script>"}'
    """
    return text.replace("<", "\\u003c")


def report_data(run: OpenRun) -> dict[str, Any]:
    """What the report shows: the rows of the page, and a picture of how a run goes."""
    found = {
        "overview": overview(run),
        "curves": curves(run, FIGURES, points=POINTS),
        "evaluation": {pile: piles(run, pile=pile, limit=limit) for pile, limit in PILES.items()},
        "check": check(run),
        "recipe": recipe(run),
        "meanings": meanings(),
        "diagram": "data:image/svg+xml;base64," + b64encode(static("pipeline.svg").encode()).decode(),
    }
    return {key: _without_home(value) for key, value in found.items()}


def _without_home(found: Any) -> Any:
    """`found` with the home folder as `~` in every text."""
    home = str(Path.home())
    if isinstance(found, str):
        return found.replace(home, "~") if len(home) > 1 else found
    if isinstance(found, Mapping):
        return {key: _without_home(value) for key, value in found.items()}
    return [_without_home(one) for one in found] if isinstance(found, list | tuple) else found


def _sentence(run: OpenRun) -> str:
    return str(overview(run)["headline"] or "no gain was measured.")


def _policy(script: str, style: str) -> str:
    """Only this script and this style, nothing from anywhere, and no text becomes markup."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
