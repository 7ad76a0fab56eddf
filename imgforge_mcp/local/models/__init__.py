"""Real models on this machine: what is pulled, how it gets here, and the process that draws with it."""
