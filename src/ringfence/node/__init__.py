"""The node: the process that owns the state, the log's only writer, and the door to both."""
