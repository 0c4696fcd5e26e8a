"""Messages arrive whole, or not at all."""

import threading
from socket import socketpair

import pytest

from whet.workers.frames import Arriving, framed, receive, send


@pytest.mark.parametrize("message", [b"", b"a", bytes(range(256)) * 5000])
def test_there_and_back(message: bytes) -> None:
    here, there = socketpair()
    with here, there:
        sender = threading.Thread(target=lambda: (send(here, message), send(here, b"next")))
        sender.start()
        assert (receive(there), receive(there)) == (message, b"next")
        sender.join()


@pytest.mark.parametrize("sent", [b"", b"\x05", framed(b"hello")[:-1]])
def test_a_message_that_breaks_off(sent: bytes) -> None:
    here, there = socketpair()
    with there:
        here.sendall(sent)
        here.close()
        with pytest.raises(EOFError):
            receive(there)


def test_a_message_in_pieces() -> None:
    whole, message = framed(b"x" * 20), Arriving()
    assert [message.add(whole[i : i + 1]) for i in range(len(whole))] == [None] * (len(whole) - 1) + [b"x" * 20]
    assert Arriving().add(framed(b"")) == b""
