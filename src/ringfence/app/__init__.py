"""The venue put together: its processes, its first commands, its demo, and what an operator does to it."""
