"""The recipe's objective section: independent choices, and combinations of them named as in their papers.

`objective: {name: dapo}` takes DAPO's choices; each other key replaces one of them. The choices are implemented in
`whet.grpo`; docs/paper.md has paper and equation for each.
"""

from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from whet.config.section import Section

ROWS: dict[str, dict[str, Any]] = {
    # DeepSeekMath, arXiv:2402.03300, eq. 3: every default below
    "grpo": {},
    # arXiv:2503.20783, §3.2: no division by the deviation, none by the response's own length
    "dr_grpo": {"scale": "none", "aggregation": "constant_length"},
    # arXiv:2503.14476, eq. 8, ε of §4.1
    "dapo": {"clip_high": 0.28, "aggregation": "token_mean"},
    # TRL's name for the mean over the tokens of the batch with a symmetric clip
    "bnpo": {"aggregation": "token_mean"},
    # arXiv:2507.18071, eqs. 5 and 7, ε of §5.1
    "gspo": {"ratio": "sequence", "clip_low": 3e-4, "clip_high": 4e-4},
    # MiniMax-M1, arXiv:2506.13585, eqs. 4 and 5: no lower bound; weights up to 5 as in ScaleRL, arXiv:2510.13786
    "cispo": {"surrogate": "clipped_weight", "clip_low": 1.0, "clip_high": 4.0, "aggregation": "token_mean"},
    # arXiv:2511.20347: a sigmoid gate in place of the clip
    "sapo": {"surrogate": "soft_gate"},
    # arXiv:2602.05261: GSPO with each response weighed by its length
    "luspo": {"ratio": "sequence", "clip_low": 2e-3, "clip_high": 2.5e-3, "aggregation": "sequence_sum"},
    # arXiv:2402.14740, §3.2: a response is one action; its KL is part of the reward
    "rloo": {"baseline": "leave_one_out", "scale": "none", "ratio": "trajectory", "kl": "k1", "kl_in": "reward"},
    # Williams 1992, with the baseline, scale and k2 of REINFORCE++-baseline, arXiv:2501.03262
    "reinforce": {
        "scale": "batch_std",
        "surrogate": "log_probability",
        "aggregation": "sequence_sum",
        "kl": "k2",
    },
}
"""Named objectives, by the keys in which they differ from GRPO."""


class ObjectiveConfig(Section):
    """L_GRPO: independent choices of advantage, ratio, surrogate, aggregation and KL, with named combinations."""

    name: Literal["grpo", "dr_grpo", "dapo", "bnpo", "gspo", "cispo", "sapo", "luspo", "rloo", "reinforce"] = "grpo"
    """A named objective: its choices are the defaults of the other keys."""
    baseline: Literal["group_mean", "leave_one_out", "none"] = "group_mean"
    """The baseline that is subtracted from a reward."""
    scale: Literal["group_std", "batch_std", "none"] = "group_std"
    """The scale that the difference is divided by."""
    combine: Literal["sum_then_normalise", "normalise_then_sum"] = "sum_then_normalise"
    """With several rewards: the advantage of their weighted sum, or (GDPO) the weighted sum of their own advantages,
    divided by its deviation over the batch."""
    ratio: Literal["token", "sequence", "trajectory"] = "token"
    """The level of π_θ / π_old: a token, a completion as the geometric mean of its tokens (GSPO), or their product."""
    surrogate: Literal["clip", "clipped_weight", "soft_gate", "log_probability"] = "clip"
    """What is maximised: the clipped ratio, the log-probability under a clipped constant weight (CISPO), the gated
    ratio (SAPO), or the log-probability alone (REINFORCE)."""
    clip_low: float = Field(0.2, ge=0, le=1)
    """ε: the ratio is clipped at 1 − ε from below; at 1 there is no lower bound."""
    clip_high: float = Field(0.2, ge=0)
    """ε: the ratio is clipped at 1 + ε from above."""
    clip_dual: float | None = Field(None, gt=1)
    """c: where the advantage is negative, the ratio is also bounded by c; it must exceed 1 + clip_high."""
    gate_positive: float = Field(1.0, gt=0)
    """τ: how steeply the soft gate closes where the advantage is positive."""
    gate_negative: float = Field(1.05, gt=0)
    """τ: how steeply the soft gate closes elsewhere."""
    aggregation: Literal["sequence_mean", "token_mean", "constant_length", "sequence_sum"] = "sequence_mean"
    """How token losses become one number: mean of sequence means (GRPO), mean over tokens (DAPO), the sum over a
    constant length (Dr. GRPO), or mean of sequence sums (LUSPO)."""
    beta: float = Field(0.0, ge=0)
    """β: the weight of KL(π_θ ‖ π_ref); at 0 no reference is kept."""
    kl: Literal["k1", "k2", "k3"] = "k3"
    """The estimator of the KL from sampled tokens."""
    kl_in: Literal["loss", "reward"] = "loss"
    """Where the KL goes: a term of the loss for every token, or off the reward of the whole completion."""
    kl_corrected: bool = False
    """Multiply the KL in the loss by the ratio, so that its gradient stays unbiased off-policy (DeepSeek-V3.2)."""
    importance: Literal["none", "token", "sequence"] = "none"
    """Correct for a sampler whose probabilities differ from the learner's: weigh each token, or completion, by the
    learner's over the sampler's probability."""
    importance_bound: Literal["truncate", "mask"] = "truncate"
    """How weights outside the limits below are bounded: to the nearest limit, or to 0."""
    importance_max: float | None = Field(3.0, gt=0)
    """The largest such weight; null for no limit."""
    importance_min: float | None = Field(None, ge=0)
    """The smallest such weight; null for no limit."""
    mask_truncated: bool = False
    """Leave truncated completions out of the loss (DAPO's overlong filtering); their rewards still count in the
    baseline."""
    entropy_bonus: float = Field(0.0, ge=0)
    """The coefficient of the mean entropy of π_θ over completion tokens in the objective."""
    reference_every: int = Field(0, ge=0)
    """GRPO steps between two updates of π_ref towards π_θ; at 0 it stays the policy that GRPO began with."""
    reference_mix: float = Field(1.0, gt=0, le=1)
    """The share of π_θ in an update of π_ref: 1 copies its weights, less mixes them in, a running mean."""
    iterations: PositiveInt = 1
    """μ: optimizer steps on each batch of rollouts."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_row(cls, given: Any) -> Any:
        """Fills in the named objective's choices under those given."""
        name = given.get("name", "grpo") if isinstance(given, dict) else None
        return {**ROWS[name], **given} if isinstance(name, str) and name in ROWS else given

    @model_validator(mode="after")
    def _refuse_what_does_not_fit(self) -> "ObjectiveConfig":
        """Raises `ValueError`, with a fix, for choices that contradict each other."""
        for contradicts, sentence in _CONTRADICTIONS:
            if contradicts(self):
                raise ValueError(sentence)
        return self


_CONTRADICTIONS: tuple[tuple[Any, str], ...] = (
    (
        lambda o: o.clip_dual is not None and o.surrogate != "clip",
        "clip_dual bounds the clipped ratio only: leave it out, or set surrogate to clip",
    ),
    (
        lambda o: o.clip_dual is not None and o.clip_dual <= 1 + o.clip_high,
        "clip_dual must exceed 1 + clip_high, or it would cut into the clip: raise it or lower clip_high",
    ),
    (
        lambda o: o.surrogate == "log_probability" and o.ratio != "token",
        "surrogate log_probability uses no ratio: leave ratio out, or set surrogate to clip",
    ),
    (
        lambda o: o.surrogate == "log_probability" and o.iterations > 1,
        "surrogate log_probability is right for one pass over a batch only: set iterations to 1, or surrogate to clip",
    ),
    (
        lambda o: o.combine == "normalise_then_sum" and o.baseline == "none",
        "combine normalise_then_sum adds up advantages, which need a baseline: set baseline to group_mean",
    ),
    (
        lambda o: o.kl_in == "reward" and o.kl_corrected,
        "kl_corrected is for a KL in the loss: leave it out, or set kl_in to loss",
    ),
    (
        lambda o: o.reference_every > 0 and o.beta == 0,
        "reference_every moves a reference that beta 0 does not keep: set beta, or leave it out",
    ),
    (
        lambda o: o.importance != "none" and o.importance_max is None and o.importance_min is None,
        "importance needs a limit: set importance_max (3 is usual) or importance_min",
    ),
    (
        lambda o: None not in (o.importance_min, o.importance_max) and o.importance_min >= o.importance_max,
        "importance_min must be less than importance_max",
    ),
)
"""Tests for contradicting choices, each with its error text."""
