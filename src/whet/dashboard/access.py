"""Who may ask: the token of the link, the cookie that is made of it, and the names that the server answers to."""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address

from whet.errors import UserError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

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
        name = f"[{self.host}]" if ":" in self.host else self.host
        shown = "127.0.0.1" if is_any(self.host) else name
        return f"http://{shown}:{self.port}/#token={self.token}"

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
        """Whether a `Host` header names this server: by a loopback name or its own address, and its port.

        A server on all addresses answers to any address in numbers, never to a name: a name is what an attacker binds
        to a foreign address.
        """
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if not name:
            name, port = host, "80"
        if port != str(self.port):
            return False
        plain = name.strip("[]")
        return name in LOOPBACK or plain == self.host or (is_any(self.host) and _is_address(plain))


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches `host`."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def is_any(host: str) -> bool:
    """Whether `host` stands for all addresses of the machine."""
    return host in ("0.0.0.0", "::")


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


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
