"""The command line's own parts: clients' files, and what is drawn in a terminal."""
