"""A Ray cluster: joining it, noticing that it is gone, and running `whet` on its nodes."""
