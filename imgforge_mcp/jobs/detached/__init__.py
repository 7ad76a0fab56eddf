"""Jobs in a process that outlives whoever asked: where it is, how it is started, and both ends of the wire to it."""
