"""Ringfence, an exchange venue: one ordered log of commands, one deterministic core, everything else derived."""

__version__ = "0.1.0"
