"""Connects a process to a Ray cluster, or starts one on this machine."""

import os
import re
from typing import Any

from whet.config.engines import RayConfig
from whet.errors import UserError
from whet.rollout.ray_head import why_silent
from whet.text import first_line

ENVIRONMENT = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": "86400",  # else Ray ends this process a minute after the head is lost
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what a later version of Ray does by itself: no warning about it
}
"""What Ray reads when it starts; variables that are set already stay."""

FOREIGN = {
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_gcs_server_port_wait_time_s": "1",
}
"""Of a cluster that is joined: else a port where something else listens is asked twenty times for 40 s."""

VERSIONS = 3
"""Versions of the weights that a cluster on this machine has room for: workers read one while the next is stored."""

SMALLEST_STORE = 128 * 2**20
"""Bytes of the object store of a cluster on this machine, at least."""


def start_ray(config: RayConfig, weight_bytes: int) -> None:
    """Connects this process.

    A cluster on this machine stores objects of so many bytes as weights have. Raises `UserError` where none is joined.
    """
    for name, value in (ENVIRONMENT | (FOREIGN if config.address != "local" else {})).items():
        os.environ.setdefault(name, value)
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL", "namespace": "whet"}
    if config.address == "local":
        options |= {"include_dashboard": False, "object_store_memory": max(VERSIONS * weight_bytes, SMALLEST_STORE)}
    elif config.address != "auto" and (why := why_silent(config.address)):
        raise _unreachable(config.address, why)
    try:
        ray.init(config.address, **options)
    except Exception as error:
        raise _unreachable(config.address, what_ray_says(error)) from error


UNAVAILABLE = re.compile(r"^The actor [0-9a-f]+ is unavailable: (The actor is temporarily unavailable: )?")


def what_ray_says(error: BaseException) -> str:
    """Returns what Ray says of an error in one line; of one in a traceback, what was raised.

    >>> what_ray_says(ValueError("The actor 01ab is unavailable: Socket closed. The task may have been executed."))
    'Socket closed'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    told = lines[-1] if "creation task" in lines[0] else UNAVAILABLE.sub("", lines[0])
    return first_line(Exception(told.partition(". The task")[0].rstrip(".")))


def _unreachable(address: str, why: str) -> UserError:
    """The error of a cluster that cannot be joined."""
    if address == "local":
        return UserError(f"rollout.engine: is ray, which does not start on this machine ({why}); set it to native")
    fix = "start it there by `ray start --head`, and here by `ray start --address HOST:PORT`, or set it to local"
    return UserError(f"rollout.ray.address: is {address}, where no Ray cluster can be joined ({why}); {fix}")
