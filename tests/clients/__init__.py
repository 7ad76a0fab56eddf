"""The providers' own clients against the emulators: the proof that the emulators speak as the providers do."""
