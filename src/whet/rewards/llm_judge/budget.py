"""A spending cap on requests and tokens that is never passed."""

from dataclasses import dataclass


@dataclass
class Budget:
    """What may be spent, and what has been.

    A request reserves its worst case before it is sent and gives back what it did not use, so that requests
    under way at the same time cannot pass the cap together.
    """

    max_requests: int
    max_tokens: int
    requests: int = 0
    """Requests sent."""
    tokens: int = 0
    """Tokens used, or reserved by requests under way."""

    def take(self, tokens: int) -> bool:
        """Reserves a request of at most `tokens` tokens; False, and nothing is reserved, where that is too much."""
        if not self.requests_left or self.tokens + tokens > self.max_tokens:
            return False
        self.requests += 1
        self.tokens += tokens
        return True

    def settle(self, taken: int, used: int) -> None:
        """Of the `taken` tokens of a request, `used` were needed."""
        self.tokens += used - taken

    @property
    def requests_left(self) -> int:
        """How many requests may still be sent."""
        return self.max_requests - self.requests

    def __str__(self) -> str:
        return f"{self.requests:,} of {self.max_requests:,} requests and {self.tokens:,} of {self.max_tokens:,} tokens"
