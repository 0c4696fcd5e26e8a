"""An LLM as a judge: the reward, its rubric, and the client of an OpenAI-compatible endpoint."""
