"""What can go wrong at the node's door.

NodeError
├── NodeUnavailable    no node answers at DIR/control.sock
├── NodeRefused        the node refused the connection and said why
├── LinkLost           a connection ended while something was expected from it
├── LinkBusy           more was submitted than the node takes at present; nothing of it was sent
├── BadSkip            a skip record is malformed, not signed by the node's key, or for another command
└── StateMismatch      snapshot, log and checkpoints of one directory do not tell the same story
"""

from __future__ import annotations

__all__ = ["BadSkip", "LinkBusy", "LinkLost", "NodeError", "NodeRefused", "NodeUnavailable", "StateMismatch"]


class NodeError(Exception):
    """Base of every error of this package; the text is a code and a sentence."""


class NodeUnavailable(NodeError):
    """Raised when no node answers at DIR/control.sock."""


class NodeRefused(NodeError):
    """Raised when the node refuses a connection; the text is the node's own sentence."""


class LinkLost(NodeError):
    """Raised when a connection ends; what was submitted and not answered may or may not be in the log."""


class LinkBusy(NodeError):
    """Raised when a submission would exceed what may wait for the node; nothing of it was sent."""


class BadSkip(NodeError):
    """Raised when a skip record does not verify, or may not be made."""


class StateMismatch(NodeError):
    """Raised when snapshot, log and checkpoints of one directory contradict each other."""
