"""Whether programs that a model wrote can be run safely here."""

from collections.abc import Iterator

from whet.doctor.finding import Finding
from whet.errors import UserError

TOPIC = "sandbox"


def sandbox_findings() -> Iterator[Finding]:
    """Yields the backend for `code_tests`: the strongest one that a program could not escape from when it tried."""
    from whet.sandbox.backends import BACKENDS
    from whet.sandbox.pick import pick, shortcoming

    try:
        best = pick()
    except UserError:
        lacking = {one.name: one.missing() or shortcoming(one) for one in BACKENDS if not one.weakness}
        value = "none works; rewards by unit tests need one: " + "; ".join(f"{k}: {v}" for k, v in lacking.items())
        fix = "install bubblewrap (apt-get install bubblewrap), or run as a user that may make namespaces"
        yield Finding(TOPIC, "code_tests", value, "note", fix, {"backend": None, "lacking": lacking})
        return
    value = f"{best.name} holds: a program that tried to escape did not"
    yield Finding(TOPIC, "code_tests", value, figures={"backend": best.name})
