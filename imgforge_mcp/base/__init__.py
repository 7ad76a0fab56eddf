"""What everybody stands on: nouns, errors, time, settings, logs, secrets."""
