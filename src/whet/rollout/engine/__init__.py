"""The native engine: a fused decoder for supported model families, the model's own forward for all others."""
