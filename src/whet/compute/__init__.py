"""Optimizer, learning-rate schedule, devices, checkpoints and the cost model: θ ← θ − η ∇L."""
