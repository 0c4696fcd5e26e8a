"""The warm start: supervised fine-tuning (SFT) on worked solutions, before GRPO."""
