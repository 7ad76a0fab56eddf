"""The things in a scene: drawings, figures, their light and their places."""
