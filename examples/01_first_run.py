"""The whole way in one call: check, warm start, GRPO, evaluation. Minutes on a laptop's CPU.

python examples/01_first_run.py
python examples/01_first_run.py grpo.steps=4 seed=1     # any knob of the recipe
"""

import sys

import whet


def main() -> None:
    overrides = dict(pair.split("=", 1) for pair in sys.argv[1:])
    run = whet.train("quickstart", overrides)

    print(f"\nEverything is in {run.path}")
    for stage, evaluation in run.evaluations.items():
        low, high = evaluation.interval
        print(f"{stage:>6}: {100 * evaluation.accuracy:5.1f} % right  [{100 * low:.1f}, {100 * high:.1f}]")

    model, tokenizer = run.model(), run.tokenizer()  # transformers' own classes, weights merged
    question = [{"role": "user", "content": "What is 37 + 45?"}]
    prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    tokens = model.generate(**prompt, max_new_tokens=32, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    print(tokenizer.decode(tokens, skip_special_tokens=True))


if __name__ == "__main__":
    main()
