"""What the model reads: conversations as the chat template prints them, as text and as tokens."""

from whet.chat_template.chat_template import ChatTemplate

__all__ = ["ChatTemplate"]
