"""π_θ and π_ref: a language model that computes log-probabilities of completions."""
