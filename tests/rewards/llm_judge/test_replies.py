"""Replies on disk."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.rewards.llm_judge.replies import ReplyCache, digest


def test_a_reply_is_kept_beyond_the_object(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "judge.sqlite"
    ReplyCache(path).put("a", "Score: 7 ✓\n")
    again = ReplyCache(path)
    assert (again.get("a"), again.get("b")) == ("Score: 7 ✓\n", None)
    again.put("a", "Score: 8")
    assert ReplyCache(path).get("a") == "Score: 8"


def test_several_may_write_at_once(tmp_path: Path) -> None:
    caches = [ReplyCache(tmp_path / "judge.sqlite") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: caches[n % 4].put(str(n), f"reply {n}"), range(40)))
    assert [caches[0].get(str(n)) for n in range(40)] == [f"reply {n}" for n in range(40)]


def test_what_is_no_cache_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "other.sqlite").write_text("no database at all, only text " * 50)
    for path in (tmp_path / "file" / "judge.sqlite", tmp_path / "other.sqlite"):
        with pytest.raises(UserError, match=r"cannot keep replies .* or write `cache: false`"):
            ReplyCache(path)


def test_a_digest_tells_requests_apart_and_not_the_order_of_keys() -> None:
    one = digest({"model": "m", "messages": [{"role": "user", "content": "é"}]})
    assert one == digest({"messages": [{"content": "é", "role": "user"}], "model": "m"})
    assert one != digest({"model": "n", "messages": [{"role": "user", "content": "é"}]})
    assert one != digest({"model": "m", "messages": [{"role": "user", "content": "e"}]})
