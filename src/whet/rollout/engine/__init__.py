"""The native engine: a fused decoder for the families it knows, the model's own forward for all others."""
