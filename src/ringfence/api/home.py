"""The page at ``/``: what is traded here, how to connect, and where the API is described."""

from html import escape

from ringfence.views.catalog import Catalog

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ringfence</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #1c2024; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #d9dde1; }}
pre {{ background: #f4f5f6; padding: 1rem; overflow-x: auto; border-radius: .3rem; }}
</style>
</head>
<body>
<h1>Ringfence</h1>
<p>An exchange venue that speaks the wire of Backpack Exchange: REST here, WebSocket on the same address
(<code>/</code> or <code>/ws</code>). What is served is described in <a href="/openapi.json">/openapi.json</a>.</p>
<h2>Markets</h2>
<table>
<thead><tr><th>Market</th><th>Base</th><th>Tick</th><th>Step</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
{snippet}
</body>
</html>
"""


def home_page(catalog: Catalog, snippet: str) -> str:
    """Return the page; ``snippet`` is a text that a person can paste, empty for none."""
    rows = "\n".join(
        f"<tr><td>{escape(market.symbol)}</td><td>{escape(market.base.name or market.base.symbol)}</td>"
        f"<td>{market.price_text(1)}</td><td>{market.quantity_text(1)}</td></tr>"
        for market in catalog.markets.values()
    )
    block = f"<h2>Trade with ccxt</h2>\n<pre>{escape(snippet)}</pre>" if snippet else ""
    return _PAGE.format(rows=rows, snippet=block)
