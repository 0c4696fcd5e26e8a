"""vLLM as the sampling engine: one in this process, which takes the policy's weights at every `load`.

Log-probabilities are those of the whole distribution at the temperature of sampling, as the native engine's. Random
numbers come from vLLM's own generators, seeded by each completion's key: equal keys give equal completions, but not
those that the native engine draws.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from whet.errors import ProcessLost, UserError, is_out_of_memory
from whet.models.weights import checkpoint_weights
from whet.rollout.vllm_start import Start
from whet.text import first_line
from whet.types import Completion, Finish, Request, SamplingParams, Token

COOLEST = 0.01
"""The lowest temperature above 0 that vLLM samples at."""

SEED_BITS = (1 << 63) - 1
"""The bits of a key that seed a generator: vLLM takes -1 for no seed, so the sign is left out."""

NATIVE = "set rollout.engine to native"


class VllmSampler:
    """Plays `Sampler` with vLLM."""

    def __init__(self, start: Start) -> None:
        """`start` makes the engine for a model; it is called once, at the first `load`."""
        self._start = start
        self._llm: Any = None
        self._is_loaded = self._is_asleep = self._has_sampled = False
        self._asked = 0
        self.end_tokens: frozenset[int] = frozenset()

    def describe(self, policy: Any) -> str:
        """Returns its name and version."""
        import vllm

        return f"vLLM {vllm.__version__}"

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: hands over every weight, adapters merged in, and forgets the keys and values of the old ones.

        Raises `UserError` where vLLM does not run the model.
        """
        self.end_tokens = policy.end_tokens()
        with self._blamed():
            if self._llm is None:
                self._llm = self._start(policy.model)
            self._wake("weights")
            # a tied head is handed over by its own name too: vLLM on CPUs packs a copy of it, which would go stale
            handed = {"weights_iterator": checkpoint_weights(policy.model), "is_checkpoint_format": True}
            self._llm.collective_rpc("reload_weights", kwargs=handed)
            self._wake("kv_cache")
            self._llm.reset_prefix_cache()
        self._is_loaded, self._is_asleep = True, False

    def release(self) -> None:
        """Frees the weights and the cache until the next `load`, on a GPU; on a CPU vLLM keeps both."""
        if self._is_loaded and self._llm.llm_engine.vllm_config.model_config.enable_sleep_mode:
            self._llm.sleep(level=2)
            self._is_asleep = True
        self._is_loaded = False

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order.

        Raises `UserError` for settings that vLLM does not have and requests that it has no room for, and `ProcessLost`
        where it fails.
        """
        rows = [(request.tokens, key) for request in requests for key in request.keys]
        with self._asking(rows, params, "FINAL_ONLY") as names:
            found = {name: _completion(output) for name, output in self._outputs()}
        completions = iter([found[name] for name in names])
        return [[next(completions) for _ in request.keys] for request in requests]

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, token by token. Raises as `generate`."""
        (key,) = request.keys
        with self._asking([(request.tokens, key)], params, "DELTA"):
            for _, output in self._outputs():
                yield from _tokens(output)

    @contextmanager
    def _asking(
        self, rows: Sequence[tuple[Sequence[int], int]], params: SamplingParams, output_kind: str
    ) -> Iterator[list[str]]:
        """Asks for a completion of each (context, key), and gives their names; what is not finished is cancelled."""
        if not self._is_loaded:
            raise RuntimeError("a sampler samples between load and release only")
        if reason := why_not(params):
            raise UserError(f"temperature: {reason}" if params.top_p == 1 else f"top_p: {reason}")
        self._refuse_long(max((len(tokens) for tokens, _ in rows), default=0), params.max_tokens)
        engine, names = self._llm.llm_engine, [str(self._asked + place) for place in range(len(rows))]
        self._asked += len(rows)
        try:
            with self._blamed():
                for name, (tokens, key) in zip(names, rows, strict=True):
                    how = vllm_params(params, key, self.end_tokens, output_kind)
                    engine.add_request(name, {"prompt_token_ids": list(tokens)}, how)
            yield names
        finally:
            engine.abort_request(names)

    def _outputs(self) -> Iterator[tuple[str, Any]]:
        """What vLLM tells of the completions that are asked for, until all are finished: name and output."""
        engine = self._llm.llm_engine
        while engine.has_unfinished_requests():
            with self._blamed():
                outputs = engine.step()
            yield from ((output.request_id, output.outputs[0]) for output in outputs)
        self._has_sampled = True

    def _refuse_long(self, prompt: int, max_tokens: int) -> None:
        room = self._llm.llm_engine.vllm_config.model_config.max_model_len
        if prompt + max_tokens > room:
            raise UserError(
                f"rollout.vllm.context: is {room}, but a prompt has {prompt} tokens and its completion up to "
                f"{max_tokens}; set it to {prompt + max_tokens} or more"
            )

    def _wake(self, what: str) -> None:
        if self._is_asleep:
            self._llm.wake_up(tags=[what])

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Raises what vLLM raises as one line: a `UserError` before its first completion, then `ProcessLost`."""
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            self._blame(error)

    def _blame(self, error: Exception) -> NoReturn:
        what = f"{type(error).__name__}: {first_line(error)}"
        if is_out_of_memory(error):
            raise UserError(
                f"rollout.vllm: out of memory ({what}); lower rollout.vllm.cache_gb or rows, or {NATIVE}"
            ) from error
        if not self._has_sampled:
            raise UserError(f"rollout.engine: vLLM does not run this model ({what}); {NATIVE}") from error
        raise ProcessLost(f"vLLM failed ({what}): resume the run, or {NATIVE} for a new one") from error


def why_not(params: SamplingParams) -> str:
    """Returns why vLLM does not sample so, in words that follow the key; empty where it does."""
    if params.top_p < 1:
        what = "vLLM tells log-probabilities within the nucleus only, which the learner does not compute"
        return f"is {params.top_p:g}, but {what}; set it to 1, or {NATIVE}"
    if 0 < params.temperature < COOLEST:
        what = f"vLLM samples at no temperature between 0 and {COOLEST:g}"
        return f"is {params.temperature:g}, but {what}; raise it, or {NATIVE}"
    return ""


def vllm_params(params: SamplingParams, key: int, end_tokens: frozenset[int], output_kind: str) -> Any:
    """Returns vLLM's parameters for one completion, which ends with one of `end_tokens` and holds it."""
    from vllm import SamplingParams as VllmParams
    from vllm.sampling_params import RequestOutputKind

    return VllmParams(
        temperature=params.temperature,
        max_tokens=params.max_tokens,
        seed=key & SEED_BITS,
        logprobs=0,  # of the token that was drawn, and of no other
        stop_token_ids=sorted(end_tokens),
        ignore_eos=True,  # a model's own end tokens are among those above
        detokenize=False,
        output_kind=RequestOutputKind[output_kind],
    )


def _tokens(output: Any) -> Iterator[Token]:
    """The tokens that an output adds; the last of a finished one tells how it ended."""
    for place, (token, of_likely) in enumerate(zip(output.token_ids, output.logprobs, strict=True), 1):
        is_last = output.finish_reason is not None and place == len(output.token_ids)
        yield Token(token, of_likely[token].logprob, _finish(output) if is_last else None)


def _completion(output: Any) -> Completion:
    """A finished output."""
    tokens = list(_tokens(output))
    return Completion(tuple(one.id for one in tokens), tuple(one.logprob for one in tokens), _finish(output))


def _finish(output: Any) -> Finish:
    if output.finish_reason not in ("stop", "length"):
        raise ProcessLost(f"vLLM ended a completion by itself ({output.finish_reason}): resume the run, or {NATIVE}")
    finish: Finish = output.finish_reason
    return finish
