"""o_1 … o_G ~ π_old: sampling parameters, the sampling loop, and the engines behind it."""
