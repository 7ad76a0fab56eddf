"""The embedded engine, judged by its pixels."""
