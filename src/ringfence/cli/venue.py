"""The verbs that run a venue: demo, serve, init."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from .output import result

if TYPE_CHECKING:
    from ringfence.app.stage import SceneResult

Scene = Literal["fence", "dividend", "split", "vote"]


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(demo)
    app.command(serve)
    app.command(init)


def demo(
    *,
    port: int = 8000,
    data: Path | None = None,
    seed: int = 7,
    json: bool = False,
    makers: bool = True,
    scene: Scene | None = None,
) -> int:
    """Play a venue on this machine: six markets, market makers, and two funded users with keys to trade with.

    Parameters
    ----------
    port: Where to listen on loopback; 0 picks a free port.
    data: The folder to keep the venue in, and to go on from; without it a temporary one that is removed at the end.
    seed: What the keys and the makers' chance follow from.
    json: Write one JSON line with addresses and keys when ready, and nothing else, to stdout.
    makers: Let market makers quote (--no-makers leaves the books empty).
    scene: Instead of that, tell a scene and end: `fence` is a liquidation with deposits before, during and after it;
        `dividend`, `split` and `vote` are what becomes of the rights of a share that is traded and lent.
    """
    if scene is not None:
        shown = _played(scene, json=json)
        if json:
            result(shown)
        return 0 if shown.ok else 1
    from ringfence.app.demo import DemoOptions, run_demo

    run_demo(DemoOptions(port=port, data=data, seed=seed, json=json, makers=makers))
    return 0


def _played(scene: Scene, *, json: bool) -> SceneResult:
    """Play a scene."""
    if scene == "fence":
        from ringfence.app.fence_scene import run_scene
    elif scene == "dividend":
        from ringfence.app.dividend_scene import run_scene
    elif scene == "split":
        from ringfence.app.split_scene import run_scene
    else:
        from ringfence.app.vote_scene import run_scene
    return run_scene(json=json, say=print)


def serve(*, config: Path = Path("venue.toml"), port: int | None = None) -> None:
    """Run the venue whose data lie in the folder of venue.toml.

    Parameters
    ----------
    config: The venue's configuration.
    port: Listen here instead of where the configuration says; 0 picks a free port.
    """
    from ringfence.app.serving import serve_venue

    serve_venue(config, port)


def init(directory: Path = Path()) -> None:
    """Write a commented venue.toml; edit it, then start the venue with `ringfence serve`.

    Parameters
    ----------
    directory: The venue's folder; its data will stand beside the file.
    """
    from ringfence.app.serving import write_config

    result({"config": str(write_config(directory))})
