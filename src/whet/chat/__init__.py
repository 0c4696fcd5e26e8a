"""Chat with a trained model: `whet chat`."""

from whet.chat.conversation import Chat, converse, open_chat

__all__ = ["Chat", "converse", "open_chat"]
