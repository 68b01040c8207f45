"""The demo's market makers: clients like any other, in a process of their own, under the same rules as anybody."""
