"""The tests of this floor."""
