"""Agent frameworks, real ones, driven headless against a model that is played: what of a picture reaches the model."""
