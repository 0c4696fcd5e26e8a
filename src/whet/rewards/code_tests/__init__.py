"""Unit tests as a reward: extracts the program of a completion and runs its problem's tests."""
