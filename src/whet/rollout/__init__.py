"""o_1 … o_G ~ π_old: engines that sample responses."""
