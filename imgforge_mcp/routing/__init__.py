"""Who is asked, in which order, for which size and at what price. Pure."""
