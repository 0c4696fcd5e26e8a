"""A cap on requests and tokens that is never exceeded."""

from dataclasses import dataclass


@dataclass
class Budget:
    """Requests and tokens used, and their caps.

    A request reserves its worst case before it is sent and returns what it did not use, so that concurrent
    requests cannot exceed the cap together.
    """

    max_requests: int
    max_tokens: int
    requests: int = 0
    """Requests sent."""
    tokens: int = 0
    """Tokens used, or reserved by requests in flight."""

    def take(self, tokens: int) -> bool:
        """Reserves a request of at most `tokens` tokens; returns False, reserving nothing, where that exceeds a cap."""
        if not self.requests_left or self.tokens + tokens > self.max_tokens:
            return False
        self.requests += 1
        self.tokens += tokens
        return True

    def settle(self, taken: int, used: int) -> None:
        """Replaces the `taken` tokens reserved for a request by the `used` ones."""
        self.tokens += used - taken

    @property
    def requests_left(self) -> int:
        """How many requests may still be sent."""
        return self.max_requests - self.requests

    def __str__(self) -> str:
        return f"{self.requests:,} of {self.max_requests:,} requests and {self.tokens:,} of {self.max_tokens:,} tokens"
