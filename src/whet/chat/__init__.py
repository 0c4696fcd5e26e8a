"""Chat with a trained model: `whet chat`."""

from whet.chat.conversation import LONGEST, Chat, converse, open_chat

__all__ = ["LONGEST", "Chat", "converse", "open_chat"]
