"""The names that a server answers to in `Host` headers, and who reaches the address it listens on."""

import re
from ipaddress import ip_address

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_HEADER = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@/\s]+))(?::([0-9]{1,5}))?")


def answers_to(header: str, host: str, port: int | None = None) -> bool:
    """Returns whether a `Host` header names the server that listens on `host`: a loopback name or its own address.

    A foreign name that points here is how pages of other sites read answers (DNS rebinding). So a server on all
    addresses answers to any address in numbers and never to a name, which an attacker could bind to it.

    Args:
        header: the header, with or without a port.
        host: the address that the server listens on.
        port: the port that the header must name; None for any.
    """
    found = _HEADER.fullmatch(header.lower())
    if found is None or (port is not None and int(found[3] or 80) != port):
        return False
    name = found[1] or found[2]
    return name in LOOPBACK or name == host.lower() or (is_any(host) and _is_address(name))


def is_loopback(host: str) -> bool:
    """Returns whether nobody but this machine reaches `host`.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    return host in LOOPBACK or (_is_address(host) and ip_address(host).is_loopback)


def is_any(host: str) -> bool:
    """Returns whether `host` stands for all addresses of the machine."""
    return host in ("0.0.0.0", "::")


def origin(host: str, port: int) -> str:
    """Returns the address to call the server by from this machine.

    >>> origin("0.0.0.0", 8000), origin("::1", 80)
    ('http://127.0.0.1:8000', 'http://[::1]:80')
    """
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
