# %% [markdown]
# # Sharpen a small language model by reinforcement
#
# This notebook takes [Whet](https://arxiv.org/abs/2402.03300) the whole way, once: look at the data, find out whether there
# is anything to learn, train with GRPO, read the rollouts, measure what was gained, talk to the result, take it away.
#
# The model is SmolLM2-135M-Instruct, the task two-digit sums and differences. That is small on purpose: the training takes
# about five minutes on two CPU cores that compute in bfloat16, and every step of it is the one that larger models take.
# A T4 computes in float32, as Whet chooses by itself; `whet plan` tells the minutes before they are spent.
#
# It is generated from `examples/whet_colab.py`, and a test runs all of it.

# %% [markdown]
# ## Install
#
# Put the wheel that `python -m build` makes (`dist/whet-*.whl`) beside this notebook: in Colab, drop it on the *Files*
# panel. Colab brings torch; the wheel takes what is there.

# %%
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("whet") is None:
    wheels = sorted(Path().glob("whet-*.whl"))
    assert wheels, "put whet-*.whl beside this notebook; `python -m build` makes it"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", str(wheels[-1])], check=True)

# %% [markdown]
# Runs are kept where a lost connection cannot reach them. On Colab that is Google Drive: when the machine is taken away,
# open the notebook again, run the cells from the top, and the training cell goes on where it stopped. Drive is slow, but a
# checkpoint of this model is small; of larger ones train adapters (`model: {name: …, lora: {rank: 16}}`).

# %%
import json

import whet

if "google.colab" in sys.modules:
    from google.colab import drive

    drive.mount("/content/drive")
    HOME = Path("/content/drive/MyDrive/whet")
else:
    HOME = Path("whet-notebook")
HOME.mkdir(parents=True, exist_ok=True)

# %%
# !whet doctor

# %% [markdown]
# ## The recipe
#
# Everything that is chosen stands in one file, and each part is explained below. It is the shipped `quickstart`, which
# `whet train quickstart` trains in one line.

# %%
RECIPE = HOME / "sums.yaml"
RECIPE.write_text(
    f"""\
model: SmolLM2-135M-Instruct

data:
  train:
    name: arithmetic
    params: {{level: 2, working: {{full: 0.4, short: 0.6}}}}

format: think_answer

rewards:
  - {{name: accuracy, weight: 1.0}}
  - {{name: format_soft, weight: 0.1}}

sft:
  when: auto
  steps: 50
  batch_size: 16
  optimizer: {{learning_rate: 1e-4, warmup_steps: 3, schedule: cosine}}

grpo:
  steps: 4
  prompts_per_step: 16
  group_size: 8
  sampling: {{temperature: 1.0, max_tokens: 56}}
  objective: {{aggregation: token_mean}}
  optimizer: {{learning_rate: 1e-5, warmup_steps: 2, betas: [0.9, 0.99]}}

eval: {{problems: 256}}

run: {{folder: {HOME / "runs"}, save_minutes: 2}}
"""
)

# %% [markdown]
# ## Look at the data
#
# A problem is a question and an answer that can be checked; a worked solution is needed only for a warm start. `arithmetic`
# makes them without end and holds one in eight out: those are never trained on. Your own are a JSONL, CSV or Parquet file
# (`name: problems.jsonl`), or a data set by name (`name: gsm8k`).
#
# The solutions here come in two ways of working, and most are of the kind that does not suit this model. Imitation would copy
# the majority. GRPO has to find out which way pays.
#
# ### The format
#
# `think_answer` asks for `<think>…</think> <answer>…</answer>`. One object words the system prompt, renders solutions for
# the warm start, finds the answer in a response and judges the layout, so that these four cannot disagree. This is what the
# model reads, special tokens and all, and what a warm start would teach:

# %%
from whet.api import show_prompts

for shown in show_prompts(RECIPE, 3):
    print(shown.prompt.text)
    print("    ⇒", shown.target.text, "\n")

# %% [markdown]
# ### The rewards
#
# A reward is a function of a completion. The recipe adds two:
#
# - **accuracy**, weight 1: 1 if the answer between the tags equals the gold one, else 0. Numbers are compared as numbers, so
#   `82`, `82.0` and `164/2` are equal. It is what we want, and it is all that counts in the end. The paper calls this outcome
#   supervision (section 4.1.2): one reward at the end of an output, given to all of its tokens.
# - **format_soft**, weight 0.1: 1 if the tags are all there and in order. A rule-based reward for the layout beside the one for
#   the answer is what DeepSeek-R1 ([arXiv:2501.12948](https://arxiv.org/abs/2501.12948), section 2.2.2) adds. The weight is small:
#   a model that is paid for tags writes tags.
#
# Any function written for TRL works as well: `- {name: "my_rewards.py:brief", weight: 0.1}`. Score completions by hand before you
# trust a reward with hours:

# %%
tried = [
    "<think>30 + 40 = 70, 7 + 5 = 12</think> <answer>82</answer>",
    "<think>70 + 12</think> <answer>164/2</answer>",
    "The answer is 82",
    "<think>70 + 12</think> <answer>72</answer>",
]
lines = [{"prompt": "What is 37 + 45?", "completion": one, "answer": "82"} for one in tried]
(HOME / "tried.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

# %%
# !whet score {HOME}/tried.jsonl --rewards accuracy,format_soft --format think_answer

# %% [markdown]
# ## Is there anything to learn?
#
# GRPO compares the answers to one question with each other. Where all of them earn the same, there is nothing to compare:
# the advantages are 0 and so is the gradient. The check samples a few answers, grades the gold solutions under your rewards,
# and says what stands in the way, each with the setting that fixes it.

# %%
report = whet.check(RECIPE)
for what, figure, verdict in report.rows():
    print(f"{what:<28} {figure:<24} {verdict}")
print(f"\n{report.diagnosis.sentence}\n→ {report.diagnosis.fix}")

# %% [markdown]
# The base model keeps the format in none of its answers: a cold start, on which GRPO stands still for ever. `sft.when: auto`
# therefore begins with a warm start of at most 50 steps of imitation. It is not there to teach the task: it stops once the
# layout is kept.
#
# ## The settings of GRPO
#
# For each question $q$ the policy $\pi_{\theta_{old}}$ samples a group of $G$ outputs $o_1 … o_G$. Each is graded, and its
# advantage is how much better it is than the group: $\hat A_i = (r_i - \mathrm{mean}(r)) / \mathrm{std}(r)$. That replaces the
# value network of PPO, which is as large as the policy; it is what the paper is about (section 4.1.1). The objective is then
# PPO's clipped one (equation 3).
#
# | setting | here | what it does, and why the paper has it |
# |---|---|---|
# | `group_size` | 8 | $G$. The baseline is the mean of the group, so a larger group is a better estimate of how hard the question is. The paper takes 64. At least one answer must differ: where one in sixteen is right, take 16. |
# | `prompts_per_step` | 16 | Questions in a step: 16 × 8 = 128 outputs. The paper's batch is 1,024. |
# | `steps` | 4 | The outer loop of Algorithm 1: sample, grade, update. |
# | `sampling.temperature` | 1.0 | Outputs must come from $\pi_{\theta_{old}}$ itself, as its probabilities stand in the ratio; at 1 they do. |
# | `sampling.max_tokens` | 56 | An output that is cut has no answer and earns nothing. The check says how many are. |
# | `objective.clip_low`, `clip_high` | 0.2, 0.2 | $\varepsilon$: the ratio $\pi_\theta / \pi_{\theta_{old}}$ counts only within $1 \pm \varepsilon$, so that one batch cannot take the policy far. |
# | `objective.iterations` | 1 | $\mu$: updates on each batch. With 1, as in the paper, the ratio is 1 and nothing is clipped. |
# | `objective.beta` | 0.0 | $\beta$: the weight of the KL to the model that training began with, which the paper puts into the loss (equation 3, estimated by equation 4) at 0.04, so that a long training on a learned reward does not run away from it. A rule cannot be fooled as a reward model can, and without the KL no second model is kept in memory. |
# | `objective.aggregation` | token_mean | The paper averages over each output first, so a token of a long output counts less. Here all tokens count the same (DAPO, [arXiv:2503.14476](https://arxiv.org/abs/2503.14476)). |
# | `optimizer.learning_rate` | 1e-5 | The paper takes 1e-6 for 7B weights. This model is fifty times smaller: at 1e-5 it learns in 4 steps, at 5e-5 it broke. |
#
# What it will take, before it is spent:

# %%
# !whet plan {RECIPE}

# %% [markdown]
# ## Train
#
# Check, warm start, GRPO and the evaluations before and after. `reward` should rise, `silent` groups (all rewards equal) should
# not take over, `cut` should stay near 0. Interrupt it if you like, or lose the connection: run this cell again and it goes on
# from its last checkpoint, in a terminal `whet resume RUN`, with the same result as if it had never stopped.

# %%
unfinished = [path for path in sorted((HOME / "runs").glob("sums-*")) if not (path / "final").exists()]
run = whet.resume(unfinished[-1]) if unfinished else whet.train(RECIPE)
RUN = run.path

# %% [markdown]
# ## Read the rollouts
#
# A figure says that something changed; only the completions say what. Every one of every step is on disk, with its rewards, its
# advantage and the log-probability of each token. The best and the worst of the first and of the last step:

# %%
steps = run.reader.rollout_steps()
for step in (steps[0], steps[-1]):
    rollouts = sorted(run.reader.rollouts(step), key=lambda rollout: rollout["advantage"])
    for rollout in (rollouts[0], rollouts[-1]):
        print(f"step {step}, advantage {rollout['advantage']:+.2f}, {rollout['parts']}")
        print(f"    {rollout['question']} → {rollout['text']!r}\n")

# %% [markdown]
# `whet ui` shows all of them in the browser, token by token, with curves, findings and a chat. On your own machine run it in a
# terminal. The figures by step:

# %%
for line in run.reader.metrics():
    print(
        f"step {line['step']:>3}   reward {line['reward']:.2f}   silent groups {line['frac_reward_zero_std']:.0%}   "
        f"cut {line['completions/clipped_ratio']:.0%}   tokens {line['completions/mean_length']:.0f}"
    )

# %% [markdown]
# ## Did it get better?
#
# Held-out problems, answered greedily. Each accuracy comes with its 95 % interval (Wilson), and the gain is measured on the
# same problems before and after: those that changed decide (exact McNemar). An interval that leaves 0 out is a gain; a higher
# number alone is not. Over three seeds this recipe went from 0 % to 52–57 %.

# %%
for stage, evaluation in run.evaluations.items():
    low, high = evaluation.interval
    print(f"{stage:>6}: {evaluation.accuracy:6.1%} right  [{low:.1%}, {high:.1%}]")
comparison = whet.compare(f"{RUN}:base", RUN)
print(f"\n{comparison.sentence}")
print(f"fixed {comparison.strict.fixed}, broken {comparison.strict.broken}, p = {comparison.strict.p_value:.2g}")

# %% [markdown]
# Greedy accuracy is one figure. Sampled several times, does the model *sometimes* find it (pass@4), and does a majority
# vote (maj@4)? The paper's section 5.2.2 finds that reinforcement lifts maj@K more than pass@K: it makes the model surer
# of what it could already do.

# %%
sampled = whet.evaluate(RUN, limit=64, samples=4)
print(f"pass@1 {sampled.pass_at(1):.2f}, pass@4 {sampled.pass_at(4):.2f}, maj@4 {sampled.maj_at_k:.2f}")

# %% [markdown]
# ## Talk to it
#
# Without `--prompt` it is a conversation, and `whet eval RUN --ask` goes through held-out problems one by one.

# %%
# !whet chat {RUN} --base --prompt "What is 37 + 45?"

# %% [markdown]
# ## Take it away
#
# `whet export` writes a folder, a zip, a GGUF file (llama.cpp) or an Ollama folder, loads it again and compares it with what
# was trained, token by token; an export that differs is refused. `RUN/final` loads with transformers as it is.

# %%
# !whet export {RUN} --to {HOME}/sums.gguf --replace

# %% [markdown]
# ## Publish it
#
# The hub gets the model and a card of what was measured, intervals included. Look at the card first; then log in
# (`huggingface_hub.login()`) and leave `--dry-run` out.

# %%
# !whet push {RUN} my-sums --dry-run

# %% [markdown]
# ## Then
#
# Your own problems: `whet init problems.jsonl` looks at them and writes a recipe that passes its own check. A larger model:
# `model: Qwen/Qwen2.5-0.5B-Instruct` and `name: gsm8k`. The documents of Whet go on from here: own data, own reward, how to
# read a run, when to move which setting.
