"""q ~ P(Q): where problems come from, how they are worded, and in which order they are drawn."""
