"""The life of a job: taken, prepared, run, settled, delivered."""
