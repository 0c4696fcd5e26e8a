"""What did it do? Every rollout of every step stays on disk, with rewards, advantage and log-probabilities.

python examples/05_look_at_the_rollouts.py runs/quickstart-001
"""

import sys

import whet


def main() -> None:
    run = whet.open_run(sys.argv[1]).reader
    steps = run.rollout_steps()
    for step in (steps[0], steps[-1]):
        rollouts = sorted(run.rollouts(step), key=lambda rollout: rollout["advantage"])
        for name, rollout in (("worst", rollouts[0]), ("best", rollouts[-1])):
            parts = ", ".join(f"{part} {value}" for part, value in rollout["parts"].items())
            print(f"\nstep {step}, {name}: advantage {rollout['advantage']:+.2f} ({parts})")
            print(f"  asked: {rollout['question']}\n  wrote: {rollout['text']!r}")
            surprise = min(zip(rollout["logprobs"], rollout["tokens"], strict=True))
            print(f"  its least likely token: {surprise[1]}, {surprise[0]:.2f} nats")
    for finding in run.findings():
        print(f"\nfound after step {finding['step']}: {finding['sentence']} → {finding['fix']}")


if __name__ == "__main__":
    main()
