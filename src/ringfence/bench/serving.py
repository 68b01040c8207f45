"""``python -m ringfence.bench.serving DIR``: a gateway as the venue runs it, without limits on the rate of requests.

Writes its port to stdout when it answers.
"""

import sys
from pathlib import Path

from ..api.server import serve
from ..api.settings import ApiSettings

WITHOUT_LIMIT = 10_000_000


def announce(port: int) -> None:
    """Tell that the gateway answers."""
    print(port, flush=True)


if __name__ == "__main__":
    settings = ApiSettings(signed_requests_per_minute=WITHOUT_LIMIT, public_requests_per_minute=WITHOUT_LIMIT)
    serve(Path(sys.argv[1]), "127.0.0.1", 0, announce, settings)
