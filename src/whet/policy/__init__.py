"""π_θ and π_ref: a language model that gives log-probabilities of responses."""
