"""What can go wrong around a venue, each with the exit code that it ends the command line with.

VenueError            the sentence says what and what to do
├── WrongUse          2  what was asked for cannot be done: no such user, no such directory, port taken, in use
├── CheckFailed       1  something that should hold does not
└── DamagedVenue      3  the log is damaged
"""

EXIT_RIGHT, EXIT_FAILED, EXIT_USAGE, EXIT_DAMAGED = 0, 1, 2, 3


class VenueError(Exception):
    """Base of the errors of this package; the text is a sentence."""

    exit_code = EXIT_FAILED


class WrongUse(VenueError):
    """Raised when what was asked for cannot be done."""

    exit_code = EXIT_USAGE


class CheckFailed(VenueError):
    """Raised when something that should hold does not."""


class DamagedVenue(VenueError):
    """Raised when the log is damaged."""

    exit_code = EXIT_DAMAGED


class NodeEnded(VenueError):
    """Raised when the node ended by itself; its own last words are in the log."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
