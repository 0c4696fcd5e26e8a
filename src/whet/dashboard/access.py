"""Who may ask: the token of the link, and the cookie that is made of it."""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from whet.errors import UserError
from whet.serve.server_names import answers_to, is_loopback, origin

SHORTEST = 16
"""Characters of a token of the user's own at least."""

VARIABLE = "WHET_UI_TOKEN"


@dataclass(frozen=True)
class Access:
    """The address of a server and the secret that opens it."""

    host: str = "127.0.0.1"
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def link(self) -> str:
        """The link to open in a browser; the token stands in the fragment, which is never sent."""
        return f"{origin(self.host, self.port)}/#token={self.token}"

    @property
    def cookie_name(self) -> str:
        """The cookie's name; cookies are shared by all ports of a host."""
        return f"whet_{self.port}"

    @property
    def cookie(self) -> str:
        """The cookie's value, which does not give the token away."""
        return hmac.new(self.token.encode(), b"cookie", sha256).hexdigest()

    def opens(self, token: str) -> bool:
        """Whether `token` is the right one, in constant time."""
        return hmac.compare_digest(token.encode(errors="replace"), self.token.encode())

    def knows(self, cookie: str) -> bool:
        """Whether `cookie` is the right one, in constant time."""
        return hmac.compare_digest(cookie.encode(errors="replace"), self.cookie.encode())

    def answers_to(self, host: str) -> bool:
        """Whether a `Host` header names this server and its port."""
        return answers_to(host, self.host, self.port)


def checked_token(host: str, own: str | None) -> str:
    """Returns the token for a server on `host`: the user's `own`, from the environment, or a new one.

    Raises `UserError` where others can reach `host` and there is no own token, or where it is too short.
    """
    if own is not None and len(own) < SHORTEST:
        raise UserError(f"{VARIABLE}: has {len(own)} characters; use at least {SHORTEST}")
    if own is None and not is_loopback(host):
        fix = f"set {VARIABLE} to a secret of your own, or leave --host out and use `ssh -L`"
        raise UserError(f"--host: others can reach {host}; {fix}")
    return own or secrets.token_urlsafe(24)
