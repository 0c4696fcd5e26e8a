"""Connects a process to a Ray cluster, or starts one on this machine."""

import os
import re
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

from whet.cluster.ray_head import why_silent
from whet.config.engines import RayConfig
from whet.errors import UserError
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

SHIFT = 100
"""Is added to the exit status of a program that speaks with Ray, which ends processes with statuses of its own."""

VERSIONS = 3
"""Versions of the weights that a cluster on this machine has room for: workers read one while the next is stored."""

SMALLEST_STORE = 128 * 2**20
"""Bytes of the object store of a cluster on this machine, at least."""


OPTIONS: Mapping[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL", "namespace": "whet"}


def start_ray(config: RayConfig, weight_bytes: int) -> None:
    """Connects this process.

    A cluster on this machine stores objects of so many bytes as weights have. Raises `UserError` where none is joined.
    """
    if config.address != "local":
        join_ray(config.address, "rollout.ray.address", "set it to local")
        return
    _set(ENVIRONMENT)
    import ray

    store = max(VERSIONS * weight_bytes, SMALLEST_STORE)
    try:
        ray.init("local", include_dashboard=False, object_store_memory=store, **OPTIONS)
    except Exception as error:
        why = what_ray_says(error)
        told = f"rollout.engine: is ray, which does not start on this machine ({why}); set it to native"
        raise UserError(told) from error


def join_ray(address: str, key: str, otherwise: str) -> None:
    """Connects this process to the cluster at an address, `auto` or HOST:PORT.

    Raises `UserError` where there is none: `key` is the setting that names it, `otherwise` what else can be done.
    """
    _set(ENVIRONMENT | FOREIGN)
    import ray

    try:
        if address != "auto" and (why := why_silent(address)):
            raise ConnectionError(why)
        ray.init(address, **OPTIONS)
    except Exception as error:
        fix = f"start it there by `ray start --head`, and here by `ray start --address HOST:PORT`, or {otherwise}"
        told = f"{key}: is {address}, where no Ray cluster can be joined ({what_ray_says(error)}); {fix}"
        raise UserError(told) from error


def join_as_program(address: str, key: str, otherwise: str) -> None:
    """As `join_ray`, for a program whose actors start `whet`: they find no modules in its working folder."""
    with chdir(Path.cwd().anchor):  # Ray puts the folder of this moment first on `sys.path` of its actors
        join_ray(address, key, otherwise)


def _set(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        os.environ.setdefault(name, value)


UNAVAILABLE = re.compile(r"^The actor [0-9a-f]+ is unavailable: (The actor is temporarily unavailable: )?")


def what_ray_says(error: BaseException) -> str:
    """Returns what Ray says of an error in one line; of one in a traceback, what was raised.

    >>> what_ray_says(ValueError("The actor 01ab is unavailable: Socket closed. The task may have been executed."))
    'Socket closed'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    told = lines[-1] if "creation task" in lines[0] else UNAVAILABLE.sub("", lines[0])
    return first_line(Exception(told.partition(". The task")[0].rstrip(".")))
