"""Rollouts alone, by vLLM: seconds to sample `tokens` tokens in each row, for several numbers of rows.

Stands alone: it runs in vLLM's own environment and imports nothing of Whet.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

SENTENCE = "add the numbers and explain every step of it "


def main(options: Mapping[str, Any]) -> dict[str, Any]:
    """By rows, the seconds of every repeat after a first one that warms up; compiling is told apart."""
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "4")
    from vllm import LLM, SamplingParams

    began = time.perf_counter()
    engine = LLM(options["model"], dtype="bfloat16", max_model_len=1024, max_num_seqs=max(options["rows"]))
    ready = time.perf_counter() - began
    encode = engine.get_tokenizer().encode
    how = SamplingParams(
        n=options["group"],
        temperature=1.0,
        max_tokens=options["tokens"],
        min_tokens=options["tokens"],
        ignore_eos=True,
        logprobs=0,
    )
    found: dict[str, list[float]] = {}
    for rows in options["rows"]:
        count, repeats = rows // options["group"], options["repeats"] + 1
        texts = [f"Rows {rows}, problem {n}: " + SENTENCE * options["prompt_tokens"] for n in range(count * repeats)]
        prompts = [{"prompt_token_ids": encode(text)[: options["prompt_tokens"]]} for text in texts]
        seconds = []
        for repeat in range(repeats):
            began = time.perf_counter()
            outputs = engine.generate(prompts[repeat * count : (repeat + 1) * count], how, use_tqdm=False)
            seconds.append(time.perf_counter() - began)
            lengths = {len(one.token_ids) for output in outputs for one in output.outputs}
            if lengths != {options["tokens"]}:
                raise SystemExit(f"every response must be {options['tokens']} tokens long, not {lengths}")
        found[str(rows)] = seconds[1:]
    return {"seconds": found, "ready_after": ready}


if __name__ == "__main__":
    result = main(json.loads(sys.argv[1]))
    print()
    print(json.dumps(result), flush=True)
    os._exit(0)  # the engine's own shutdown may print after the result
