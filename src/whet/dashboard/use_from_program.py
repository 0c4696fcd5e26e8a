"""What a program needs to ask a run's models: the address, the key, the names, and lines of Python that work."""

from json import dumps

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.dashboard.run_models import models_of

PYTHON = """\
from openai import OpenAI

client = OpenAI(base_url={address}, api_key={key})
answer = client.chat.completions.create(
    model={model},
    messages=[{{"role": "user", "content": "What is 37 + 45?"}}],
    temperature=0,
)
print(answer.choices[0].message.content)
"""


def use_from_program(run: OpenRun, address: str, key: str) -> Row:
    """The OpenAI API's `address` and `key`, a run's `models` by their names there, and `python` to ask the first."""
    parts = [one["part"] for one in models_of(run.path)]
    names = [f"{run.id}:{part}" if part else run.id for part in parts]
    return {
        "address": address,
        "key": key,
        "models": names,
        "python": PYTHON.format(address=dumps(address), key=dumps(key), model=dumps(names[0])),
    }
