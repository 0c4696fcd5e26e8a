"""What goes on beside the training loop: recording, checks of each step, checkpoints, signals, monitors."""
