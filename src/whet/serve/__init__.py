"""The OpenAI API over the run's own engine: `whet serve`, and an ASGI application to mount elsewhere."""

from whet.serve.endpoints import API, TOKENS, ServeApp, serve_app

__all__ = ["API", "TOKENS", "ServeApp", "serve_app"]
