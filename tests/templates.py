"""Chat templates with the traits of well-known families, in words of this file, for the tiny tokenizer."""

from copy import deepcopy
from typing import Any

from tokenizers import AddedToken

import tiny

SYSTEM_RAISES = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
CHATML = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
ASK = "{% if add_generation_prompt %}<|im_start|>assistant\n"

OPENS_THINK = CHATML + ASK + "<think>\n{% endif %}"
"""DeepSeek-R1's distillations, Qwen3.5: the prompt opens the thought, history is shown without thoughts."""
THINKING_OFF = (
    CHATML + ASK + "{% if enable_thinking is defined and enable_thinking %}<think>\n"
    "{% else %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
STRIPS_THOUGHTS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'assistant' %}{{ m['content'].split('</think>')[-1] }}{% else %}{{ m['content'] }}{% endif %}"
    "<|im_end|>\n{% endfor %}" + ASK + "{% endif %}"
)
SYSTEM_CHANGED = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'system' %}{{ m['content'] | replace('/think', '') }}{% else %}{{ m['content'] }}{% endif %}"
    "<|im_end|>\n{% endfor %}" + ASK + "{% endif %}"
)
"""SmolLM3: a switch `/think` is taken out of the system turn, and with it half of a closing tag."""
PARTS = (
    "{% for m in messages %}{{ m['role'] }}: {% for part in m['content'] %}{% if part is mapping and "
    "part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
DEAF = "{% for m in messages %}<|im_start|>{{ m['role'] }}<|im_end|>\n{% endfor %}assistant:"
DATED = "{{ 'Today is ' + strftime_now('%d %b %Y') }}\n" + CHATML + ASK + "{% endif %}"
LLAMA3 = (
    "{% if not date_string is defined %}{% if strftime_now is defined %}"
    "{% set date_string = strftime_now('%d %b %Y') %}{% else %}"
    "{% set date_string = '26 Jul 2024' %}{% endif %}{% endif %}{{ bos_token }}"
    "{% for m in messages %}{{ '<|start|>' + m['role'] + ' (' + date_string + ')\n' }}"
    "{{ m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    SYSTEM_RAISES + "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
PHI = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% elif m['role'] == 'assistant' %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)
APPENDS_END = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}{{ eos_token }}"
)
TURNS_BY_END = "{% for m in messages %}{{ m['content'] + eos_token }}{% endfor %}"
"""DialoGPT: the user's turn ends with the end token too, and the response follows."""


def tokenizer(template: str | None, *special: str, plain: tuple[str, ...] = (), **tokens: Any) -> Any:
    """The tiny tokenizer with a template, more special and ordinary added tokens, and, say, another `eos_token`."""
    made = deepcopy(tiny.tiny_tokenizer())
    made.add_tokens([AddedToken(one, special=True, normalized=False) for one in special], special_tokens=True)
    made.add_tokens([AddedToken(one, special=False, normalized=False) for one in plain])
    for name, token in tokens.items():
        setattr(made, name, token)
    made.chat_template = template
    return made
