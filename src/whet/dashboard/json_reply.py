"""Answers as strict, compact JSON; what goes wrong is one line with a status."""

import json
import math
import sys
import traceback
from typing import Any

from starlette.responses import Response

from whet.dashboard.rows.missing import MissingError
from whet.errors import UserError
from whet.redact import redact


def encoded(value: Any) -> bytes:
    """Strict JSON in UTF-8: NaN and infinities are null, lone surrogates a question mark."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", errors="replace")


def as_json(value: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(encoded(value), status, media_type="application/json")


def as_error(error: Exception) -> Response:
    """The answer to a request that failed: 404 for what is not there, 400 for a parameter, 500 for a fault of Whet."""
    if isinstance(error, MissingError):
        return as_json({"error": redact(str(error)), **error.more}, 404)
    if isinstance(error, UserError):
        return as_json({"error": redact(str(error))}, 400)
    print(f"whet ui: {redact(traceback.format_exc())}", file=sys.stderr)
    return as_json({"error": f"a fault of Whet ({type(error).__name__}); the terminal of `whet ui` says more"}, 500)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
