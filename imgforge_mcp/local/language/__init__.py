"""Reads a prompt into a scene."""
