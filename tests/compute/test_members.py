"""Who the processes of a run are, and which of them are gone."""

import os
import subprocess
import sys

import pytest

from whet.compute.members import Member


def test_this_process_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")
    this = Member.this()
    assert (this.rank, this.pid) == (3, os.getpid())
    assert not this.is_gone
    assert str(this) == f"process 3 (pid {os.getpid()} on {this.host})"


def test_a_process_that_ended_is_gone_before_it_is_collected() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert ended.stdout is not None
    ended.stdout.read()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # a zombie
    member = Member(0, Member.this().host, ended.pid)
    assert member.is_gone
    ended.wait()
    assert member.is_gone


def test_of_another_machine_nothing_is_known() -> None:
    assert not Member(0, "elsewhere", 2**22 - 1).is_gone
