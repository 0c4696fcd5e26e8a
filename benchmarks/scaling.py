"""A simulation of a step on many GPUs, from the limit model of one: what docs/scaling.md says, and where from.

Nothing here is measured. Every process takes the least time that its share can take on its GPU
(`whet.compute.limit`); a step takes as long as the slowest process in each phase, and the sum of gradients as long as
its bytes take through the slowest link. Run it by `python -m benchmarks.scaling`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from whet.compute.limit import Lengths, Limit, Machine, Shape
from whet.compute.shared_out import shared_out
from whet.plan.cards import card

FLOAT = 4

STATE = 20
"""Bytes per trained weight in bfloat16: the layers' and the sampler's copies (2 + 2), master, gradient, moments."""


@dataclass(frozen=True, slots=True)
class Links:
    """How fast GPUs exchange bytes, per GPU and direction."""

    size: int
    """GPUs of a machine."""
    inside: float
    """Bytes per second within a machine."""
    between: float
    """Bytes per second between machines."""

    def seconds(self, sent: float, count: int) -> float:
        """Seconds to sum `sent` bytes over `count` GPUs in a ring: 2 (n − 1) / n times them, by the slowest link."""
        if count == 1:
            return 0.0
        rate = self.inside if count <= self.size else self.between
        return 2 * (count - 1) / count * sent / rate


DGX = Links(size=8, inside=450e9, between=50e9)
"""Of a machine with eight H100s: NVLink 4, and a network of 400 Gbit/s for each GPU, by the makers' sheets."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a step samples: lengths are drawn from a log-normal distribution, cut at `most`."""

    prompts: int
    size: int
    prompt: int
    median: int
    most: int

    def groups(self, seed: int = 0) -> list[Lengths]:
        """Returns the lengths of every group, a function of the seed."""
        random = Random(seed)

        def length() -> int:
            return min(self.most, max(1, round(self.median * random.lognormvariate(0, 0.6))))

        return [Lengths(self.prompt, tuple(length() for _ in range(self.size))) for _ in range(self.prompts)]


@dataclass(frozen=True, slots=True)
class Step:
    """Simulated seconds of a step."""

    rollout: float
    """Of the process that samples longest."""
    learn: float
    summed: float
    """The sum of gradients."""
    optimizer: float

    @property
    def seconds(self) -> float:
        """Of the whole step."""
        return self.rollout + self.learn + self.summed + self.optimizer


def simulated(
    shape: Shape,
    machine: Machine,
    links: Links,
    groups: Sequence[Lengths],
    count: int,
    teaching: Sequence[Lengths] | None = None,
) -> Step:
    """Returns a step of `count` processes that share it as Whet does: whole groups, every weight in every process.

    `teaching` are the groups that have a signal; all, unless given.
    """
    limit = Limit(shape, machine)
    sampled = [groups[rank::count] for rank in range(count)]
    kept = groups if teaching is None else teaching
    sizes = [group.prompt + group.produced for group in kept]
    learned = [[kept[place] for place in places] for places in shared_out(sizes, count)]
    return Step(
        rollout=max(limit.prefill(some) + limit.decode(some) for some in sampled if some),
        learn=max(limit.learn(some) for some in learned),
        summed=links.seconds(FLOAT * shape.trained * shape.weights, count),
        optimizer=limit.optimizer(),
    )


def fits(shape: Shape, memory: float) -> bool:
    """Whether weights, optimizer and the sampler's copy fit on one GPU, a fifth of which is for all else."""
    return STATE * shape.trained * shape.weights + 4 * (1 - shape.trained) * shape.weights <= 0.8 * memory


SHAPES: Mapping[str, Shape] = {
    "0.5B": Shape(357_898_112, 136_134_656, 24, 14, 2, 64, 2),
    "1.5B": Shape(1_310_340_608, 233_373_696, 28, 12, 2, 128, 2),
    "3B": Shape(2_774_773_760, 311_164_928, 36, 16, 2, 128, 2),
    "7B": Shape(6_525_621_760, 544_997_376, 28, 28, 4, 128, 2),
    "70B": Shape(70_214_787_072, 1_245_708_288, 80, 64, 8, 128, 2),
}
"""Of the Qwen2.5 family (the largest is its 72B): body, head, layers, heads, key-value heads, head size, bytes."""

WORK = Work(prompts=512, size=16, prompt=200, median=600, most=4096)
COUNTS = (1, 8, 64, 512)


def table(work: Work = WORK, device: str = "h100") -> list[str]:
    """Returns the rows of the table in docs/scaling.md."""
    gpu, groups = card(device), work.groups()
    rows = []
    for name, shape in SHAPES.items():
        if not fits(shape, gpu.memory):
            state = f"{STATE * shape.weights / 1e9:.0f} GB of state, {gpu.memory / 1e9:.0f} there"
            rows.append(f"| {name} | 1 | does not fit: {state} | | | | |")
            continue
        alone = simulated(shape, gpu.machine, DGX, groups, 1).seconds
        for count in COUNTS:
            step = simulated(shape, gpu.machine, DGX, groups, count)
            parts = f"{step.rollout:.2f} | {step.learn:.2f} | {step.summed:.3f} | {step.seconds:.2f}"
            rows.append(f"| {name} | {count} | {parts} | {100 * alone / count / step.seconds:.0f} % |")
    return rows


if __name__ == "__main__":
    print("\n".join(table()))
