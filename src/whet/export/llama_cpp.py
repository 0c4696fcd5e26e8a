"""Asks llama.cpp, where `xllamacpp` is installed, whether it cuts texts into the same tokens as the model's tokenizer.

It runs in a process of its own: a fault in it ends that process and not the export.
"""

import importlib.util
import json
import random
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whet.errors import UserError

TEXTS = 1000

PIECES = (
    *(
        "the",
        " The",
        "reason",
        "ing",
        " 37 + 45 = 82",
        "1234567",
        "0.5",
        "12%",
        "it's",
        "WE'LL",
        "don't",
        "naïve",
        "Straße",
    ),
    *(
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        " \n ",
        "...",
        "!?",
        "```",
        "==",
        "->",
        "(x**2)",
        "def f(x):",
        "<think>",
        "</answer>",
    ),
    *(
        "你好",
        "日本語",
        "Привет",
        "مرحبا",
        "한국어",
        "नमस्ते",
        "😀",
        "🏳️‍🌈",
        "é",
        "½",
        "√",
        "π",
        "x²",
        "\u00a0",
        "\u2028",
        "#### 72",
        "\\boxed{7}",
    ),
)
"""What random texts are made of: words, numbers, spaces, signs, code, tags, scripts, signs of several characters."""

SECONDS = 600

MARK = "tokens: "
"""What the line with the result begins with: llama.cpp logs as well."""


def is_installed() -> bool:
    """Whether `xllamacpp` can be imported."""
    return importlib.util.find_spec("xllamacpp") is not None


def texts_with(own: Sequence[str]) -> list[str]:
    """Returns `TEXTS` texts, half of them of `own` where there are as many, composed (NFC): llama.cpp composes none."""
    kept = list(own[: TEXTS // 2])
    return [unicodedata.normalize("NFC", text) for text in (*kept, *random_texts(TEXTS - len(kept)))]


def random_texts(count: int, seed: int = 0) -> list[str]:
    """Returns `count` texts of one to twelve `PIECES`."""
    drawn = random.Random(seed)
    return ["".join(drawn.choices(PIECES, k=drawn.randint(1, 12))) for _ in range(count)]


def tokens_of(path: Path, texts: Sequence[str]) -> list[list[int]]:
    """Returns llama.cpp's tokens of `texts`, without a start token, special tokens read as such.

    Raises `UserError` where llama.cpp does not load the GGUF file `path`.
    """
    command = [sys.executable, "-P", "-m", "whet.export.llama_cpp", str(path)]
    done = subprocess.run(
        command, input=json.dumps(list(texts)), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    try:
        found: list[list[int]] = json.loads(done.stdout.rpartition(MARK)[2].partition("\n")[0])
    except ValueError:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UserError(f"--kind: llama.cpp does not load the GGUF file ({said}); export --kind hf") from None
    return found


def same_tokens(path: Path, tokenizer: Any, texts: Sequence[str]) -> int:
    """Returns how many of `texts` llama.cpp cuts into the same tokens as `tokenizer`."""
    wanted = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    return sum(one == other for one, other in zip(tokens_of(path, texts), wanted, strict=True))


def serve_texts(path: str) -> None:
    """Reads a JSON list of texts from standard input, and prints their tokens as JSON: what the own process runs."""
    import httpx2
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.warmup = path, 128, 1, False
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    with httpx2.Client(base_url=server.listening_address, trust_env=False, timeout=SECONDS) as client:
        found = [_tokens(client, text) for text in json.load(sys.stdin)]
    sys.stdout.write(f"\n{MARK}{json.dumps(found)}\n")
    sys.stdout.flush()


def _tokens(client: Any, text: str) -> list[int]:
    reply = client.post("/tokenize", json={"content": text, "add_special": False, "parse_special": True})
    found: list[int] = reply.raise_for_status().json()["tokens"]
    return found


if __name__ == "__main__":
    serve_texts(sys.argv[1])
