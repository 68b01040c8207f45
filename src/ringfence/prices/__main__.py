"""`python -m ringfence.prices`: quote until told to end; the setup stands on standard input as JSON.

One line on stdout when the node has taken the first quote, the log on stderr.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import msgspec

from .build import make_service
from .service import PriceService, cause_of, described
from .setup import PricesSetup


async def main(setup: PricesSetup) -> None:
    """Run until SIGTERM or SIGINT."""
    service = make_service(setup)
    tasks = [asyncio.ensure_future(service.run()), asyncio.ensure_future(_announce(service))]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: [task.cancel() for task in tasks])
    await asyncio.gather(*tasks, return_exceptions=True)
    if not tasks[0].cancelled() and (error := tasks[0].exception()) is not None:
        sys.exit(f"prices: {described(cause_of(error))}")


async def _announce(service: PriceService) -> None:
    await service.quoting.wait()
    print("quoting", flush=True)


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.stdin.buffer.read(), type=PricesSetup)))
