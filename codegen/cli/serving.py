"""The command `serve`: the Pipelines page of this project, on this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import click

from codegen.cli.exit_code import ExitCode
from codegen.cli.report import open_project

if TYPE_CHECKING:
    from pathlib import Path

_CURE = "install it: pip install 'dagpress[serve]'"


@click.command(epilog="\b\nExamples:\n  dagpress serve\n  dagpress serve --port 9000 --open")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True, help="The port; 0 is any free.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.pass_obj
def serve(root: Path, host: str, port: int, *, opens: bool) -> int:
    """Serve the Pipelines page: see, try, change and save the schedules in a browser."""
    try:
        import uvicorn  # noqa: PLC0415  # the extra may not be there, and its import takes time

        from codegen.web.app import create_app  # noqa: PLC0415
    except ImportError as error:
        raise click.ClickException(f"the Pipelines page needs {error.name} ({_CURE})") from error
    project = open_project(root)
    listener = _listen(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}/"
    click.echo(f"The pipelines of {project.root.name} are at {url} (Ctrl+C ends it)", err=True)
    if opens:
        click.launch(url)
    config = uvicorn.Config(create_app(project.root), log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])
    return ExitCode.FINE


COMMANDS = (serve,)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything says that the page is there.

    Raises:
        click.ClickException: it cannot be had.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        hint = "choose another with --port; 0 is any free"
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror} ({hint})") from error
