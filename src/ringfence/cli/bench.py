"""The verb that measures."""

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
