"""A port, and Ctrl-C while a stream is open."""

import signal
import socket
import subprocess
import sys

import pytest

from whet.errors import UserError
from whet.serve.listen import PORT, configuration, listening

ENDLESS = """
import asyncio
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from whet.serve.listen import listening, run_until_interrupted

stopped = asyncio.Event()

async def ticks(request):
    async def forever():
        while not stopped.is_set():
            yield b"tick "
            await asyncio.sleep(0.02)
    return StreamingResponse(forever())

with listening("127.0.0.1", 0) as listener:
    port = listener.getsockname()[1]
    app = Starlette(routes=[Route("/", ticks)])
    run_until_interrupted(app, listener, stopped.set, lambda: print(port, flush=True))
print("ended", flush=True)
"""


def test_ctrl_c_ends_open_streams() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            heard = b""
            while b"tick" not in heard:
                heard += client.recv(1000)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (out, err, process.returncode) == ("ended\n", "", 0)
    finally:
        process.kill()


def test_a_port_that_is_taken() -> None:
    with listening("127.0.0.1", 0) as first:
        taken = first.getsockname()[1]
        with pytest.raises(UserError, match=rf"--port: 127\.0\.0\.1:{taken} cannot be had"):
            listening("127.0.0.1", taken)
    with pytest.raises(UserError, match="between 0 and 65535"):
        listening("127.0.0.1", 70000)


def test_without_a_port_one_is_found() -> None:
    with listening("127.0.0.1", None) as first, listening("127.0.0.1", None) as second:
        ports = {first.getsockname()[1], second.getsockname()[1]}
        assert len(ports) == 2
        assert PORT in ports or min(ports) > 0


def test_the_server_does_not_say_what_it_is() -> None:
    found = configuration(lambda: None)
    assert (found.server_header, found.access_log, found.proxy_headers) == (False, False, False)
