"""Programs that each run in a process of their own: one JSON object in, one out on the last line.

`vllm_rollout.py` imports nothing of Whet: vLLM lives in an environment of its own.
"""
