"""Tables for the pure parts, and the parts that meet the outside world, one module each."""
