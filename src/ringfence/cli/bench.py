"""The verbs that measure."""

from cyclopts import App

bench = App(name="bench", help="Measure this machine.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(bench)


@bench.command(name="core")
def bench_core(*, json: bool = False) -> None:
    """Measure the core on one thread: one book, many books, replay and restart.

    Parameters
    ----------
    json: Write one JSON line.
    """
    from ringfence.bench.core import main

    main(json)


@bench.command(name="node")
def bench_node(*, json: bool = False) -> None:
    """Measure durable commands: in process, and at a fixed rate over the socket of a node.

    Parameters
    ----------
    json: Write one JSON line.
    """
    from ringfence.bench.node import main

    main(json)


@bench.command(name="gateway")
def bench_gateway(*, json: bool = False) -> None:
    """Measure signed HTTP requests on one core, and how many WebSocket messages a busy market becomes.

    Parameters
    ----------
    json: Write one JSON line.
    """
    from ringfence.bench.gateway import main

    main(json)


@bench.command(name="margin")
def bench_margin(*, json: bool = False) -> None:
    """Measure orders that are checked for margin, settlements, and how fast unsafe accounts are found.

    Parameters
    ----------
    json: Write one JSON line.
    """
    from ringfence.bench.margin import main

    main(json)


@bench.command(name="liquidation")
def bench_liquidation(*, json: bool = False) -> None:
    """Measure a crash in which ten thousand accounts fail at once while others trade, with bids and without.

    Parameters
    ----------
    json: Write one JSON line.
    """
    from ringfence.bench.liquidation import main

    main(json)


@bench.command(name="shares")
def bench_shares(*, json: bool = False) -> None:
    """Measure a dividend on a share that a million people hold, page by page, and a vote of all of them.

    Parameters
    ----------
    json: Write one JSON line.
    """
    from ringfence.bench.shares import main

    main(json)
