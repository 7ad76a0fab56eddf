"""The page: a gallery over the registry and a place to make pictures, made on the server, live where scripts run."""
