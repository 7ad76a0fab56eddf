"""The only way out: one HTTP client, checked addresses, bounded answers."""
