"""Figures, each measured beside its baseline in one run: `python -m tests.benchmarks [NAME …]`."""
