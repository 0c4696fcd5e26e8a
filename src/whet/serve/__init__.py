"""The OpenAI API over the run's own engine: `whet serve`, and an ASGI application to mount elsewhere."""

from whet.serve.endpoints import ServeApp, serve_app

__all__ = ["ServeApp", "serve_app"]
