"""Code that a model wrote, run where it can do no harm and cannot forge its marks."""
