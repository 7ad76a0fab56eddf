"""What can go wrong around the program: killed processes, broken clients, failing providers, spent money."""
