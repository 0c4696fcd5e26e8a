"""π_θ and π_ref: a language model as the algorithm sees it."""
