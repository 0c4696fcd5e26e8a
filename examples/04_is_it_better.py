"""Is it better, or lucky? The same problems before and after, paired, and pass@k of the result.

python examples/04_is_it_better.py runs/quickstart-001
"""

import sys

import whet


def main() -> None:
    run = sys.argv[1]
    comparison = whet.compare(f"{run}:base", run)
    print(comparison.sentence)
    gain = comparison.strict
    print(f"fixed {gain.fixed}, broken {gain.broken}, exact McNemar p = {gain.p_value:.2g}")
    for before, after in comparison.fixed[:3]:
        print(f"\n  {before.question}\n    before: {before.answer}    after: {after.answer}    gold: {after.gold}")

    evaluation = whet.evaluate(run, limit=int(sys.argv[2]) if sys.argv[2:] else 64, samples=4)
    print(f"\npass@1 {evaluation.pass_at(1):.2f}, pass@4 {evaluation.pass_at(4):.2f}, maj@4 {evaluation.maj_at_k:.2f}")


if __name__ == "__main__":
    main()
