"""θ ← θ − η ∇L: optimizers, devices and the schedule."""
