"""The program `ringfence`: its verbs, and what becomes of everything that goes wrong in them: a sentence and a code."""

import os
import sys

from cyclopts import App, CycloptsError

from ringfence import __version__

from . import bench, brakes, crash, funds, lending, operator, perpetuals, prices, receipts, upkeep, vaults, venue

EXIT_RIGHT, EXIT_FAILED, EXIT_USAGE, EXIT_DAMAGED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

app = App(
    name="ringfence",
    help="An exchange venue: one ordered log, one deterministic core, and a wire that existing clients speak.",
    version=__version__,
    help_format="plaintext",
)
for module in (venue, operator, prices, lending, perpetuals, vaults, brakes, funds, upkeep, receipts, crash, bench):
    module.add_to(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    try:
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        print(f"ringfence: {' '.join(str(error).split())} (`ringfence --help` shows the verbs)", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        # Whoever read the result has seen enough; the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_RIGHT
    except KeyboardInterrupt:
        print("ringfence: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        if os.environ.get("RINGFENCE_TRACEBACK"):
            raise
        code, sentence = explain(error)
        print(f"ringfence: {sentence}", file=sys.stderr)
        return code
    return result if isinstance(result, int) else EXIT_RIGHT


def explain(error: Exception) -> tuple[int, str]:
    """Return the exit code and the sentence for an error."""
    from ringfence.app.errors import VenueError
    from ringfence.config import ConfigError
    from ringfence.core import CoreStopped
    from ringfence.identity import IdentityError, InvalidKey
    from ringfence.journal import BadSignature, DamagedFile, JournalError
    from ringfence.node.errors import BadSkip, NodeError, NodeRefused, NodeUnavailable
    from ringfence.views.decimals import AmountError

    sentence = str(error)
    if isinstance(error, VenueError):
        return error.exit_code, sentence
    if isinstance(error, (DamagedFile, BadSignature, CoreStopped)):
        return EXIT_DAMAGED, sentence
    wrong_use = (
        ConfigError,
        IdentityError,
        InvalidKey,
        AmountError,
        BadSkip,
        NodeUnavailable,
        NodeRefused,
        JournalError,
    )
    if isinstance(error, wrong_use):
        return EXIT_USAGE, sentence
    if isinstance(error, (NodeError, OSError)):
        return EXIT_FAILED, sentence
    return EXIT_FAILED, f"a fault of the program: {type(error).__name__}: {error} (RINGFENCE_TRACEBACK=1 shows where)"
