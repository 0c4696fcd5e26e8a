"""Tensor maths that policy and rollout both stand on."""
