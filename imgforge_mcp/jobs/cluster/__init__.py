"""Jobs on many machines: a door that leaves them in the registry's queue, and a worker's hands in it."""
