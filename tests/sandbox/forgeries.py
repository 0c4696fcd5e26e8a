"""Programs that are wrong and want to be told right, by how they go about it.

`solve(n)` has to double a number; the test that they meet is `CLAIM`. None of them doubles anything.
"""

EXPECTED = 7391 * 2
CLAIM = f"assert solve(7391) == {EXPECTED}"
HONEST = "def solve(n):\n    return n + n"

FORGERIES = {
    "agrees with everything": """
class Agreeable:
    def __eq__(self, other):
        return True
    __hash__ = None
def solve(n):
    return Agreeable()
""",
    "a number that agrees": """
class Agreeable(int):
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__
def solve(n):
    return Agreeable(0)
""",
    "a list that agrees": """
class Agreeable(list):
    def __eq__(self, other):
        return True
def solve(n):
    return Agreeable()
""",
    "is true": "def solve(n):\n    return True",
    "is nothing": "def solve(n):\n    return None",
    "is no number": "def solve(n):\n    return float('nan')",
    "leaves while loading": "import sys\nsys.exit(0)",
    "leaves at once": "import os\nos._exit(0)",
    "leaves when asked": "def solve(n):\n    raise SystemExit(0)",
    "leaves at once when asked": "def solve(n):\n    import os\n    os._exit(0)",
    "fails like a success": """
class Passed(Exception):
    pass
Passed.__name__ = "passed"
def solve(n):
    raise Passed("passed")
""",
    "fails like an interruption": "def solve(n):\n    raise KeyboardInterrupt('passed')",
    "fails like the end of a loop": "def solve(n):\n    raise StopIteration(14782)",
    "a verdict in a message": "def solve(n):\n    raise ValueError('x\\n' + '0' * 32 + ' passed\\npassed\\n')",
    "prints a verdict": """
def solve(n):
    print("passed", flush=True)
    print("ready\\npassed\\n", flush=True)
""",
    "tells everybody": """
import os
for descriptor in range(64):
    for line in (b"ready\\npassed\\n", b"passed\\n", b"0" * 32 + b" passed\\n", b'{"value": true}\\n'):
        try:
            os.write(descriptor, line)
        except OSError:
            pass
def solve(n):
    return 0
""",
    "answers before it is asked, at length": """
import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'{"value": ["object", 0]}\\n' * 200)
    except OSError:
        pass
""",
    "answers with nonsense": """
import os
def solve(n):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b'[' * 40000 + b'\\n')
        except OSError:
            pass
""",
    "answers with a strange kind": """
import os
def solve(n):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b'{"value": ["__class__", ["eval", "1"]]}\\n')
        except OSError:
            pass
""",
    "answers with a flood": """
def solve(n):
    return "x" * 30_000_000
""",
    "closes everything": "import os\nos.closerange(0, 100)\ndef solve(n):\n    return 0",
    "turns the pipes round": """
import os
def solve(n):
    for descriptor in range(3, 20):
        try:
            os.dup2(1, descriptor)
        except OSError:
            pass
""",
    "replaces builtins": """
import builtins
builtins.AssertionError = type(None)
builtins.int = builtins.bool = lambda *a: 14782
builtins.isinstance = lambda *a: True
def solve(n):
    return 0
""",
    "replaces the encoder": """
import json, sys
json.dumps = lambda *a, **k: '{"value": true}'
for name, module in list(sys.modules.items()):
    if name.startswith("whet"):
        for key in list(vars(module)):
            if callable(getattr(module, key)):
                setattr(module, key, lambda *a, **k: True)
def solve(n):
    return 0
""",
    "replaces the harness": """
import sys
sys.modules["__main__"].__dict__.clear()
sys.modules["whet.sandbox.verdict_process"]._verdict = lambda *a: "passed"
sys.modules["whet.sandbox.harness"].hear = lambda *a: None
def solve(n):
    return 0
""",
    "tells the truth at exit": """
import atexit, os
atexit.register(lambda: os._exit(0))
def solve(n):
    raise SystemExit
""",
    "puts a hook into every line": """
import sys
def hook(frame, event, arg):
    for name in list(frame.f_locals):
        frame.f_locals[name] = 14782
    return hook
sys.settrace(hook)
sys.setprofile(hook)
def solve(n):
    return 0
""",
    "looks for the tests in memory": """
import gc, sys
def solve(n):
    texts = [thing for thing in gc.get_objects() if isinstance(thing, (dict, list, tuple))]
    lines = [str(value) for thing in texts for value in (thing.values() if isinstance(thing, dict) else thing)
             if isinstance(value, str) and "assert " + "solve(" in value]
    return int(lines[0].split("==")[1]) if lines else None
""",
    "looks for the answer in the frames above": """
import sys
def solve(n):
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            text = str(value)
            if "assert " + "solve" in text:
                return int(text.split("==")[1].strip(" '\\"]}"))
        frame = frame.f_back
""",
    "looks for the answer in what is open": """
import os
def solve(n):
    for descriptor in range(64):
        try:
            os.lseek(descriptor, 0, 0)
            text = os.read(descriptor, 100000).decode()
        except OSError:
            continue
        if "==" in text:
            return int(text.split("==")[1].split('"')[0])
""",
    "looks for the answer around it": """
import os, sys
def solve(n):
    text = str(os.environ) + str(sys.argv) + str(getattr(sys, "orig_argv", ""))
    return int(text.split("==")[1].split("'")[0]) if "==" in text else None
""",
    "comes as a module of the library": """
import sys, types
fake = types.ModuleType("json")
fake.loads = fake.dumps = lambda *a, **k: {"value": 14782}
sys.modules["json"] = sys.modules["builtins"] = fake
def solve(n):
    return 0
""",
    "has a strange name": """
solve = type("solve", (), {"__call__": lambda self, n: self, "__eq__": lambda a, b: True})()
""",
}

SHADOWS = {
    "assert abs(solve(2) - 4) < 1e-9": "def abs(x):\n    return 0\ndef solve(n):\n    return 0",
    "assert len(solve(3)) == 3": "def len(x):\n    return 3\ndef solve(n):\n    return []",
    "assert sorted(solve(3)) == [1, 2]": "def sorted(x):\n    return [1, 2]\ndef solve(n):\n    return []",
    "assert math.isclose(solve(1), 2)": "class math:\n    isclose = lambda *a: True\ndef solve(n):\n    return 0",
    "assert isinstance(solve(1), str)": "def isinstance(*a):\n    return True\ndef solve(n):\n    return 0",
    "assert all(x > 1 for x in solve(1))": "def all(x):\n    return True\ndef solve(n):\n    return [0]",
    "assert str(solve(1)) == 'two'": "str = lambda x: 'two'\ndef solve(n):\n    return 0",
}
"""Tests that use names of Python's, or of their setup (`import math`), and programs that define these anew."""
