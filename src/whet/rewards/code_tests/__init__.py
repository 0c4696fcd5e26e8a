"""Unit tests as a reward: finding the program in a completion, and grading it by its problem's tests."""
