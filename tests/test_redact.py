"""What is a secret, and what only looks a little like one."""

import json
from pathlib import Path

import pytest

from whet.redact import REDACTED, known_secrets, may_be_secret, names_a_secret, redact, redacted

LOOKS = [
    "hf_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h",
    "sk-proj-4f9A1c7B2e8D3f6A9c1B4e7D",
    "wandb_v1_9aF3kQ7zL2mX8pR4tV6yB1",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0abcdefghijkl_0123456789",
    "glpat-aBcDeFgHiJkLmNoPqRsT",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "xoxb-123456789012-abcdefGHIJ",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
]
HARMLESS = [
    "What is 3 + 4? \\boxed{7}",
    "risk-adjusted-portfolio-optimisation-2024",
    "the bearer certificates of 1850",
    "Basic arithmetic is enough",
    "write to me@example.org or see https://example.org/a@b",
    "hf_transfer, hf_hub_offline",
    "https://example.org/?x=1&y=2",
    "3c2b1a0f9e8d7c6b5a493827160f5e4d3c2b1a0f",  # a commit
    "max_tokens=256 and pad_token=<pad>",
    "task-skipping",
]


@pytest.mark.parametrize("secret", LOOKS)
def test_what_looks_like_a_key_is_left_out_wherever_it_stands(secret: str) -> None:
    for text in (secret, f"key={secret}, and more", f"('{secret}')", json.dumps({"a": secret})):
        assert secret not in redact(text)
        assert REDACTED in redact(text)
    assert redact(f"before {secret} after") == f"before {REDACTED} after"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_a_little_like_one_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://me:pass@host/v1", f"https://{REDACTED}@host/v1"),
        ("https://x-token@host/v1", f"https://{REDACTED}@host/v1"),
        ("Authorization: Bearer abc123def456", f"Authorization: Bearer {REDACTED}"),
        ("Authorization: Basic bWU6aHVudGVyMg==", f"Authorization: Basic {REDACTED}"),
        ("GET https://host/v1?a=1&api_key=s3cr3tvalue#end", f"GET https://host/v1?a=1&{REDACTED}#end"),
    ],
)
def test_addresses_and_headers_keep_what_is_not_secret(text: str, clean: str) -> None:
    assert redact(text) == clean


NAMED = "canary 'with \"quotes\"' \\ and π"


@pytest.mark.parametrize("name", ["HF_TOKEN", "OPENAI_API_KEY", "DB_PASSWORD", "MY_SECRET_2", "AWS_SECRET_ACCESS_KEY"])
def test_values_of_the_environment_are_left_out_however_they_are_spelled(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, NAMED)
    assert NAMED in known_secrets()
    spelled = [NAMED, repr(NAMED), json.dumps(NAMED), json.dumps(NAMED, ensure_ascii=False), json.dumps(repr(NAMED))]
    for text in (*spelled, f"x{NAMED}y", repr(f"\"{NAMED}'")):
        assert "canary" not in redact(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_TOKEN_PATH", "/somewhere/token"),
        ("TOKENIZERS_PARALLELISM", "disabled"),
        ("MAX_TOKENS", "20480000"),
        ("KEYBOARD_LAYOUT", "colemak-dh"),
        ("HOSTNAME", "workstation"),
        ("SHORT_KEY", "1234567"),
    ],
)
def test_other_values_of_the_environment_stay(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert value not in known_secrets()


def test_the_longer_of_two_secrets_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "canary-1")
    monkeypatch.setenv("B_KEY", "canary-1-and-more")
    assert redact("x canary-1-and-more x canary-1 x") == f"x {REDACTED} x {REDACTED} x"


def test_what_the_environment_takes_back_is_no_secret_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "canary-1")
    assert redact("canary-1") == REDACTED
    monkeypatch.setenv("A_KEY", "canary-2")
    assert (redact("canary-1"), redact("canary-2")) == ("canary-1", REDACTED)
    monkeypatch.delenv("A_KEY")
    assert redact("canary-2") == "canary-2"


def test_a_tree_keeps_its_shape_and_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN_SECRET", "12345678")
    tree = {"a": [1, 0.12345678, None, True, ("x 12345678",)], "12345678": Path("a/12345678")}
    assert redacted(tree) == {
        "a": [1, 0.12345678, None, True, [f"x {REDACTED}"]],
        REDACTED: f"a/{REDACTED}",
    }


def test_a_tree_without_secrets_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "canary-1")
    tree = {"tokens": [1, 2, 3], "logprobs": (-0.1, -0.2), "text": "canary"}
    assert redacted(tree) is tree
    mixed = {"mixed": [1, 0.5, "x canary-1"], "keys": [{"canary-1": ()}]}
    assert redacted(mixed) == {"mixed": [1, 0.5, f"x {REDACTED}"], "keys": [{REDACTED: []}]}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("api_key", "0123456789abcdef0123", True),
        ("prompt", "0123456789abcdef0123", False),
        ("answer_key", "the_final_answer_column", False),  # no digit
        ("answer_key", "data/v2/answers.json", False),
        ("pad_token", "<|endoftext|>", False),
        ("key_env", "OPENAI_API_KEY_2_FOR_ME", False),
        ("prompt", "use " + LOOKS[0], True),
    ],
)
def test_what_may_be_a_secret_under_its_name(name: str, value: str, expected: bool) -> None:
    assert may_be_secret(name, value) is expected


def test_names() -> None:
    assert all(map(names_a_secret, ["token", "hub_token", "WANDB_API_KEY", "client_secret", "MYSQL_PWD", "PGPASSWORD"]))
    assert not any(map(names_a_secret, ["PWD", "OLDPWD", "tokenizer", "reply_tokens", "SSL_KEY_FILE", "keep"]))
