"""The image services: the contract, the driver that serves it, and a file for each service."""
