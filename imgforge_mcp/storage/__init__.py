"""What is kept: the registry of jobs, the images, and the paths that a user names."""
