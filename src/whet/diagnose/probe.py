"""The probe: k completions of n problems before training, with pass@1, pass@k, format rate and learning signal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from whet.diagnose.histogram import Histogram, histogram
from whet.diagnose.signal import SCARCE, expected_signal
from whet.types import Group, Reward, Rollout, Verdict

Interval = Callable[[float, float], tuple[float, float]]
"""(successes, n) → confidence interval of the proportion, such as `whet.eval.statistics.wilson`."""

Judged = tuple[Rollout, Reward, Verdict]


@dataclass(frozen=True, slots=True)
class Probe:
    """The figures of a probe. Shares are between 0 and 1, lengths in tokens."""

    problems: int
    samples: int
    """Completions per problem."""
    group_size: int
    """G, the group size of the planned training."""
    right: int
    """Completions with the right answer where the format expects it."""
    pass_at_1: float
    """Share of completions that are right."""
    pass_at_1_interval: tuple[float, float]
    """95 % confidence interval, corrected for the correlation of completions of one problem."""
    pass_at_k: float
    """Share of problems with at least one right completion among the `samples`."""
    lenient: float
    """Share of completions with the right answer anywhere in them."""
    format_rate: float
    """Share of completions that keep the layout."""
    finished_right: float | None
    """Share of completions that were not truncated that are right; None where all were."""
    truncated: float
    """Share of completions that ran out of tokens."""
    rejected: float
    """Share of completions that keep the layout and contain the right answer, yet are graded wrong."""
    signal: float
    """Share of the probe's groups whose rewards differ."""
    signal_at_most: float
    """Upper end of the 95 % interval of the share of training's groups whose rewards differ."""
    mixed: float
    """Expected share of groups of `group_size` with both right and wrong answers."""
    mixed_interval: tuple[float, float]
    """95 % confidence interval of `mixed`, from the spread between problems."""
    mean_reward: float | None
    """None where no reward applied to any completion."""
    reward_gap: float | None
    """Mean reward of right completions minus that of wrong ones; None where either kind has no rewards."""
    mean_length: float
    marked: float = 0.0
    """Expected share of groups of `group_size` with completions both with and without any tag of the layout."""
    alike: bool = False
    """Whether every completion earned the same reward."""
    found: float = 0.0
    """Expected share of groups of `group_size` with completions both with and without a right answer anywhere."""
    histograms: tuple[Histogram, ...] = ()
    """Of the tokens and rewards of completions, and of the right completions of a problem."""

    @property
    def responses(self) -> int:
        """The number of completions sampled."""
        return self.problems * self.samples

    @property
    def silent(self) -> bool:
        """Whether it is sure that training's groups carry no signal: no group of the probe did, and it is large enough
        to know that fewer than `SCARCE` of training's would."""
        return self.signal == 0.0 and self.signal_at_most < SCARCE

    @property
    def unsure(self) -> bool:
        """Whether more completions could turn what is decided by the probe: whether signal is scarce, or there is none.

        Both are compared with `SCARCE`, which their intervals must leave to one side.
        """
        low, high = self.mixed_interval
        return low < SCARCE <= high or (self.signal == 0.0 and not self.silent)


def measure_probe(
    groups: Sequence[Group], verdicts: Sequence[Sequence[Verdict]], interval: Interval, group_size: int
) -> Probe:
    """Computes the figures of a probe.

    Args:
        groups: one for each problem, all with the same number of rollouts.
        verdicts: one for each rollout, in the groups' order.
        interval: computes the confidence interval of a share.
        group_size: G of the planned training.

    Raises:
        ValueError: there are no groups, their sizes differ, or verdicts are missing.
    """
    judged = [
        list(zip(group.rollouts, group.rewards, found, strict=True))
        for group, found in zip(groups, verdicts, strict=True)
    ]
    if not judged or not judged[0] or len({len(row) for row in judged}) > 1:
        raise ValueError("a probe needs groups, each of the same number of rollouts")
    everything = [item for row in judged for item in row]
    finished = [item for item in everything if item[0].finish == "stop"]
    right = [sum(verdict.correct for _, _, verdict in row) for row in judged]
    samples = len(judged[0])
    totals = [reward.total for _, reward, _ in everything if reward.total is not None]
    return Probe(
        problems=len(judged),
        samples=samples,
        group_size=group_size,
        right=sum(right),
        pass_at_1=sum(right) / len(everything),
        pass_at_1_interval=_clustered(right, samples, interval),
        pass_at_k=fmean(count > 0 for count in right),
        lenient=_share(everything, lambda verdict: verdict.lenient),
        format_rate=_share(everything, lambda verdict: verdict.formatted),
        finished_right=_share(finished, lambda verdict: verdict.correct) if finished else None,
        truncated=1 - len(finished) / len(everything),
        rejected=_share(everything, lambda v: v.formatted and v.lenient and not v.correct),
        signal=(signal := fmean(group.has_signal for group in groups)),
        signal_at_most=_scaled(signal, len(judged), samples, group_size, interval)[1],
        mixed=expected_signal(right, samples, group_size),
        mixed_interval=_jackknifed(right, samples, group_size, interval),
        mean_reward=fmean(totals) if totals else None,
        reward_gap=_reward_gap(everything),
        alike=len(totals) == len(everything) and len(set(totals)) == 1,
        mean_length=fmean(len(rollout.tokens) for rollout, _, _ in everything),
        marked=expected_signal([sum(v.marked for _, _, v in row) for row in judged], samples, group_size),
        found=expected_signal([sum(v.lenient for _, _, v in row) for row in judged], samples, group_size),
        histograms=_histograms([len(rollout.tokens) for rollout, _, _ in everything], totals, right),
    )


def _histograms(lengths: Sequence[int], totals: Sequence[float], right: Sequence[int]) -> tuple[Histogram, ...]:
    found = (
        histogram("response_tokens", "response tokens", lengths, least=1),
        histogram("rewards", "rewards", totals),
        histogram("right_per_problem", "right completions of a problem", right, least=1),
    )
    return tuple(one for one in found if one)


def _share(judged: Sequence[Judged], holds: Callable[[Verdict], bool]) -> float:
    return sum(holds(verdict) for _, _, verdict in judged) / len(judged)


def _reward_gap(judged: Sequence[Judged]) -> float | None:
    right = [reward.total for _, reward, verdict in judged if verdict.correct and reward.total is not None]
    wrong = [reward.total for _, reward, verdict in judged if not verdict.correct and reward.total is not None]
    return fmean(right) - fmean(wrong) if right and wrong else None


def _clustered(right: Sequence[int], samples: int, interval: Interval) -> tuple[float, float]:
    """The interval of the share right, at the effective number of independent completions.

    n_eff = p(1−p) / Var[p̂], with Var[p̂] from the spread between problems (Kish's design effect), kept between
    the number of problems and the number of completions. It is the number of problems where all or none are
    right: their correlation then cannot be estimated.
    """
    problems = len(right)
    p = sum(right) / (samples * problems)
    rates = [count / samples for count in right]
    between = variance(rates) / problems if problems > 1 else 0.0
    effective = problems if problems == 1 or p in (0.0, 1.0) else p * (1 - p) / max(between, 1e-12)
    n = min(max(effective, problems), problems * samples)
    low, high = interval(p * n, n)
    return low, high


def _scaled(share: float, problems: int, samples: int, size: int, interval: Interval) -> tuple[float, float]:
    """The interval of a share of groups of `size`, seen in one group of `samples` for each problem.

    A group of twice the size differs up to twice as often: so many samples count as half as many groups.
    """
    n = problems * min(1.0, samples / size)
    low, high = interval(share * n, n)
    return low, high


def _jackknifed(right: Sequence[int], samples: int, size: int, interval: Interval) -> tuple[float, float]:
    """The interval of `expected_signal`, at the number of groups that would leave the same variance.

    n_eff = m(1−m) / Var[m̂], with Var[m̂] by the jackknife over problems (Efron and Stein 1981). It is kept between the
    number of groups that the samples make up and the number of samples; at m = 0 or 1 there is no spread to measure.
    """
    problems = len(right)
    share = expected_signal(right, samples, size)
    fewest = problems * min(1.0, samples / size)
    if problems < 2 or share <= 0.0 or share >= 1.0:
        low, high = interval(share * fewest, fewest)
        return low, high
    without = [expected_signal([*right[:i], *right[i + 1 :]], samples, size) for i in range(problems)]
    spread = (problems - 1) ** 2 / problems * variance(without)
    n = min(max(share * (1.0 - share) / max(spread, 1e-12), fewest), float(problems * samples))
    low, high = interval(share * n, n)
    return low, high
