"""Read assets once through ccxt and print their prices in units: PACKAGES EXCHANGE URL ASSET..."""

import asyncio
import json
import sys

# Behind what is installed here: only what is missing comes from there.
sys.path.append(sys.argv[1])

from ringfence.prices.ccxt_exchange import CcxtSource
from ringfence.prices.source import prices_of


async def main(exchange: str, url: str, *assets: str) -> None:
    source = CcxtSource(exchange, {"renamed": "SOL/USDC"} if "SOL" not in assets else {}, quote="USDC", url=url)
    try:
        found = await source.read(assets)
    finally:
        await source.close()
    print(json.dumps({asset: prices_of(ticker) for asset, ticker in found.items()}))


asyncio.run(main(*sys.argv[2:]))
