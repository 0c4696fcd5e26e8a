"""The warm start: supervised fine-tuning on rendered solutions, before GRPO has anything to reward."""
