"""Messages over a socket between processes of one run: eight bytes that say how long, then the message."""

import struct
from socket import socket

LENGTH = struct.Struct("<Q")
"""Bytes of the message that follows."""


def framed(message: bytes) -> bytes:
    """A message with its length before it."""
    return LENGTH.pack(len(message)) + message


def send(to: socket, message: bytes) -> None:
    """Sends a message whole. Raises `OSError` where nobody can receive it any more."""
    to.sendall(framed(message))


def receive(source: socket) -> bytes:
    """Waits for the next message. Raises `EOFError` or `OSError` where none will come."""
    (length,) = LENGTH.unpack(_exactly(source, LENGTH.size))
    return bytes(_exactly(source, length))


def _exactly(source: socket, count: int) -> bytearray:
    buffer, filled = bytearray(count), 0
    with memoryview(buffer) as view:
        while filled < count:
            read = source.recv_into(view[filled:])
            if not read:
                raise EOFError("the other side has closed")
            filled += read
    return buffer


class Arriving:
    """A message that arrives in pieces.

    >>> message = Arriving()
    >>> [message.add(piece) for piece in (framed(b"hello")[:9], b"ello")]
    [None, b'hello']
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, piece: bytes) -> bytes | None:
        """The message, once its last piece is there."""
        self._bytes += piece
        if len(self._bytes) < LENGTH.size:
            return None
        end = LENGTH.size + LENGTH.unpack_from(self._bytes)[0]
        return bytes(self._bytes[LENGTH.size : end]) if len(self._bytes) >= end else None
