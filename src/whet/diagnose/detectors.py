"""The health detectors, one row per fault: its signal, threshold, source and fix.

Where a paper gives the phenomenon but no number, the number is ours and says so; docs/diagnosis.md has the measured
precision and recall of every row.
"""

from collections.abc import Callable
from dataclasses import dataclass

from whet.diagnose import heldout_signals, step_signals
from whet.diagnose.causes import TRUNCATED
from whet.diagnose.history import History
from whet.diagnose.signal import SCARCE
from whet.diagnose.step_signals import Reading


@dataclass(frozen=True, slots=True)
class Detector:
    """A fault: its signal and threshold, the sentence and the fix. A higher figure is worse."""

    name: str
    reads: tuple[str, ...]
    """The metrics it reads, by their names in metrics.jsonl or in the summary of a held-out evaluation."""
    measure: Callable[[History], Reading | None]
    threshold: float
    """The fault is present from this figure on."""
    clear: float
    """The fault has passed below this figure (hysteresis)."""
    sentence: str
    """The message; `{figure}` and the names of `Reading.words` are placeholders."""
    fix: str
    """The recipe keys to change, and how."""
    source: str
    """The source of signal and threshold."""
    steps: int = 3
    """Consecutive readings at fault before it is reported."""
    calm: int = 5
    """Consecutive readings below `clear` after which it has passed, and may be reported again."""
    share: bool = False
    """Whether the figure is a share, printed in per cent."""


STEP_DETECTORS: tuple[Detector, ...] = (
    Detector(
        "entropy_collapse",
        ("entropy", "rewards/<function>/mean"),
        step_signals.entropy_lost,
        threshold=0.9,
        clear=0.8,
        share=True,
        sentence="entropy fell from {before} to {now} nats, {figure} of it is gone: all answers become one.",
        fix="raise grpo.objective.clip_high to 0.28, or halve grpo.optimizer.learning_rate",
        source="arXiv:2505.22617 fig. 1: over 95 % of the entropy is spent where performance reaches its plateau; "
        "reported a little before. Clip-higher: arXiv:2503.14476 §3.1",
    ),
    Detector(
        "kl_runaway",
        ("kl",),
        step_signals.divergence,
        threshold=0.5,
        clear=0.25,
        sentence="the policy is {figure} nats per token from the reference (healthy: up to 0.1) and running away.",
        fix="halve grpo.optimizer.learning_rate, or raise grpo.objective.beta",
        source="arXiv:2210.10760: true quality falls with the distance travelled. The number is ours: k3 is 0.5 "
        "where a token became 3.3 times likelier, or 2.4 times rarer, than in the reference",
    ),
    Detector(
        "length_growth",
        ("completions/mean_length", "reward", "rewards/<function>/mean"),
        step_signals.lengthening,
        threshold=1.5,
        clear=1.3,
        steps=5,
        sentence="responses have {now} tokens, {figure} times the {before} at which rewards once were as high.",
        fix="set grpo.objective.aggregation to constant_length and grpo.objective.scale to none (Dr. GRPO)",
        source="arXiv:2503.20783: the mean per sequence rewards long wrong answers. The factor is ours",
    ),
    Detector(
        "truncated",
        ("completions/clipped_ratio",),
        step_signals.truncated,
        threshold=TRUNCATED,
        clear=0.15,
        share=True,
        sentence="{figure} of responses are truncated: what they had found earns nothing.",
        fix="raise grpo.sampling.max_tokens",
        source="arXiv:2503.14476 §3.4: truncated samples are reward noise. The share is that of `whet check`",
    ),
    Detector(
        "no_signal",
        ("frac_reward_zero_std", "reward"),
        step_signals.without_signal,
        threshold=1 - SCARCE,
        clear=0.6,
        share=True,
        sentence="in {figure} of groups all rewards are equal (reward {reward}): they teach nothing.",
        fix="where the reward is low: raise grpo.group_size, set sft.when to always, or easier problems; where it "
        "is high: harder problems",
        source="arXiv:2503.14476 §3.2: dynamic sampling would draw more than four groups for each that it keeps",
    ),
    Detector(
        "gradient_spike",
        ("grad_norm",),
        step_signals.gradient_jump,
        threshold=5.0,
        clear=3.0,
        steps=1,
        sentence="the gradient's norm jumped to {now}, {figure} times the usual {usual}.",
        fix="lower grpo.optimizer.learning_rate, or raise grpo.optimizer.warmup_steps",
        source="arXiv:2504.02507: norms judged by those just before; arXiv:2501.06842: spikes are up to 1000 times "
        "as large. The factor is ours",
    ),
    Detector(
        "sampler_drift",
        ("sampler/logprob_difference_mean",),
        step_signals.sampler_drift,
        threshold=0.1,
        clear=0.06,
        sentence="sampler and learner disagree by {figure} nats per token: rewards go to what the policy would not "
        "have said.",
        fix="set model.dtype to float32; if that does not help, the sampler has a fault",
        source="arXiv:2605.14220: the disagreement alone can collapse a run. The number is ours: bfloat16 gives "
        "0.003 to 0.04",
    ),
)
"""Detectors that run after every step."""

HELD_OUT_DETECTORS: tuple[Detector, ...] = (
    Detector(
        "reward_hacking",
        ("accuracy", "problems", "reward"),
        heldout_signals.accuracy_lost,
        threshold=1.96,
        clear=1.0,
        steps=1,
        calm=1,
        sentence="held-out accuracy fell from {best} to {now} ({figure} standard errors) while the reward rose from "
        "{reward_before} to {reward_now}: the reward is being gamed.",
        fix="take the best checkpoint (run.save_every), read rollouts, and raise grpo.objective.beta or the weight "
        "of accuracy in rewards",
        source="arXiv:2210.10760: the proxy goes up, the truth down; 1.96: a fall that chance brings once in forty",
    ),
    Detector(
        "format_only",
        ("format_rate", "lenient_accuracy", "problems", "rewards/<function>/mean"),
        heldout_signals.layout_alone,
        threshold=0.15,
        clear=0.1,
        steps=2,
        calm=1,
        sentence="the layout is kept more often ({kept}), and right answers are no more frequent ({right} of "
        "held-out problems).",
        fix="lower the weights of layout rewards in rewards, or raise that of accuracy; easier problems",
        source="arXiv:2506.10947: a reward for layout alone lifts scores. Layout comes first in healthy runs too, "
        "hence two measurements; the share is ours",
    ),
    Detector(
        "layout_gains",
        ("accuracy", "lenient_accuracy", "format_rate", "problems"),
        heldout_signals.layout_share,
        threshold=0.8,
        clear=0.6,
        steps=1,
        calm=1,
        share=True,
        sentence="accuracy went from {strict}, yet wherever the answer stands from {lenient}: {figure} of the gain "
        "is layout ({kept} keep it).",
        fix="judge by lenient_accuracy; a warm start (sft.when: always) teaches layout for less",
        source="arXiv:2506.10947 and arXiv:2503.20783: gains that the template explains. The share is ours",
    ),
    Detector(
        "verifier_disagreement",
        ("accuracy", "lenient_accuracy", "format_rate", "problems"),
        heldout_signals.unrecognised,
        threshold=0.15,
        clear=0.1,
        steps=1,
        calm=1,
        share=True,
        sentence="{figure} of responses that hold the right answer keep the layout and are called wrong ({strict} "
        "strict, {lenient} lenient).",
        fix="read such rollouts, then correct format.name, the answers in data.train, or the reward",
        source="arXiv:2505.22203: rule-based verifiers leave right answers unrecognised, and training suffers. The "
        "share is ours",
    ),
)
"""Detectors that run after every held-out evaluation."""

DETECTORS = STEP_DETECTORS + HELD_OUT_DETECTORS
