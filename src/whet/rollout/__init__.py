"""Samples rollouts, o_1 … o_G ~ π_old: the sampling loop, the engines behind it, and random numbers."""
