"""What this machine can do, with what, and the fix for what does not work: `whet doctor`."""

from whet.doctor.examine import examine

__all__ = ["examine"]
