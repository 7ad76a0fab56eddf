"""Real models on this machine: pulled from a hub on loopback or a folder, and drawn with, in a process of their own."""
