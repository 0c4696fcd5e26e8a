"""`whet ui` as a process: it says where it is, answers, and ends at once on Ctrl-C, open streams or not."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

from page_runs import page_run
from serving import tiny_run
from whet.dashboard.access import Access
from whet.dashboard.library import Library
from whet.dashboard.serving import greeting, listening, serve
from whet.errors import UserError


@contextmanager
def served_page(runs: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process of a page, its address and its token."""
    command = [sys.executable, "-m", "whet", "ui", str(runs), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(3)]
    link = re.search(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)", "".join(said))
    assert link, said
    yield process, link[1], link[2]
    process.kill()
    process.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    page_run(tmp_path / "runs" / "a")
    with served_page(tmp_path / "runs") as found:
        yield found


def get(address: str, path: str, token: str) -> urllib.request.addinfourl:
    request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {token}"})
    for _ in range(200):
        try:
            return urllib.request.urlopen(request, timeout=30)  # type: ignore[no-any-return]
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:  # it has not begun to answer
            continue
    raise AssertionError("it does not answer")


def test_it_serves_and_ends_cleanly_on_control_c(served: tuple[subprocess.Popen[str], str, str]) -> None:
    process, address, token = served
    answer = get(address, "/api/runs", token)
    assert [row["id"] for row in json.load(answer)["runs"]] == ["a"]
    assert "server" not in {name.lower() for name in answer.headers}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(address, "/api/runs", "wrong")
    stream = get(address, "/api/search?run=a&q=think", token)
    stream.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_the_port_asked_for_is_the_one_that_is_had_or_an_error() -> None:
    with listening("127.0.0.1", None) as first, listening("127.0.0.1", 0) as second:
        taken = first.getsockname()[1]
        assert taken != second.getsockname()[1]
        assert first.proto == socket.IPPROTO_TCP  # asyncio turns Nagle's algorithm off only then
        with pytest.raises(UserError, match=rf"--port: 127.0.0.1:{taken} cannot be had \(.*\); name another one"):
            listening("127.0.0.1", taken)
        with listening("127.0.0.1", None) as third:
            assert third.getsockname()[1] != taken


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", None)])
def test_what_cannot_be_had_is_one_line(host: str, port: int | None) -> None:
    with pytest.raises(UserError, match=r"^--port: "):
        listening(host, port)


def test_the_greeting_names_the_runs_and_the_link(tmp_path: Path) -> None:
    access = Access("127.0.0.1", 9000, "t" * 16)
    assert greeting(Library(tmp_path), access)[0] == f"no runs yet in {tmp_path}"
    page_run(tmp_path / "a", steps=0)
    api = "  OpenAI API: http://127.0.0.1:9000/v1, its key is the token"
    assert greeting(Library(tmp_path), access) == [f"1 run in {tmp_path}", f"  {access.link}", api, "Ctrl-C ends it"]
    assert "others on this network" in " ".join(greeting(Library(tmp_path), Access("0.0.0.0", 9000, "t" * 16)))


def test_an_address_for_others_needs_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHET_UI_TOKEN", raising=False)
    with pytest.raises(UserError, match="--host: others can reach"):
        serve(tmp_path, host="0.0.0.0", browser=False, tell=lambda _: None)
    with pytest.raises(UserError, match="there is no folder"):
        serve(tmp_path / "none", browser=False, tell=lambda _: None)


def test_programs_ask_through_the_page_and_its_end_ends_their_answers(tmp_path: Path) -> None:
    """The lines that the page shows are run as they are; then Ctrl-C comes in the middle of an endless answer."""
    tiny_run(tmp_path / "runs")
    with served_page(tmp_path / "runs") as (process, address, token):
        program = json.load(get(address, "/api/use?run=tiny-run", token))["python"]
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.strip()
        client = openai.OpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0)
        stream = client.completions.create(model="tiny-run", prompt="1", stream=True, max_tokens=400)
        next(iter(stream))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
