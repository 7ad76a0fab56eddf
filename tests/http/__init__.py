"""The HTTP door in memory: its services, keys, limits; real sockets are in tests/e2e."""
