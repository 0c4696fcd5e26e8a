"""Support for the training loop: recording, step checks, checkpoints, signals, monitors."""
