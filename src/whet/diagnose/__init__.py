"""What stands in the way of learning, and what to do about it."""
