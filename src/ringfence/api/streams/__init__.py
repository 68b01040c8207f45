"""WebSocket: who listens to what, what each event says, and the frames of clients."""
