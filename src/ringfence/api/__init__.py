"""REST and WebSocket on the wire of Backpack Exchange, and the gateway that follows the node for them."""
