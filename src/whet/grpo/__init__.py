"""Group Relative Policy Optimization (arXiv:2402.03300). Start with `algorithm.py`."""
