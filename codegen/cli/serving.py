"""The command `serve`: the Pipelines page of this project, on this machine."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import click

from codegen import process
from codegen.cli.exit_code import ExitCode
from codegen.cli.options import open_project
from codegen.cli.printer import echo
from codegen.diagnostics import quoted
from codegen.process import ENDING, handling

TOKEN = "DAGPRESS_TOKEN"  # noqa: S105  # the name of a variable
_SHORTEST = 16
# The modules of what the extra `serve` names.
_EXTRA = ("httpx2", "igraph", "pygments", "python_multipart", "starlette", "uvicorn")
_HINT = "install it: pip install 'dagpress[serve]'"
_EPILOG = f"""\b
Examples:
  dagpress serve                              on this machine alone
  dagpress serve --port 9000 --open           on another port, and open the browser
  {TOKEN}=... dagpress serve --host 0.0.0.0 --allowed-host pipelines.example.com

\b
Where the address is not one of loopback, {TOKEN} must be set: the page asks for it. Programs send
it as `Authorization: Bearer`. Put a TLS proxy in front of it: the token is sent in clear text.
Where it is set, it is asked for on loopback too.
"""


@click.command(epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True, help="The port; 0 is any free.")
@click.option(
    "--allowed-host",
    "names",
    metavar="NAME",
    multiple=True,
    help="A name under which browsers may ask for the page, beside localhost and the address. Can be repeated.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.pass_obj
def serve(root: Path, host: str, port: int, names: tuple[str, ...], *, opens: bool) -> int:
    """Serve the Pipelines page: see, try, change and save the schedules in a browser."""
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise click.ClickException(f"the Pipelines page needs {missing[0]} ({_HINT})")
    import uvicorn  # noqa: PLC0415  # the extra may not be there, and its import takes time

    from codegen.web.app import create_app  # noqa: PLC0415
    from codegen.web.shell.security import is_host_name  # noqa: PLC0415

    if wrong := [name for name in names if not is_host_name(name)]:
        raise click.UsageError(f"--allowed-host takes a name without a port, not {quoted(wrong[0])}.")
    project = open_project(root)
    with _listen(host, port) as listener:
        app = create_app(project.root, os.environ, (*names, host), _token(host, listener))
        url = _url(listener)
        echo(f"The pipelines of {project.root.name} are at {url} (Ctrl+C ends it)", err=True)
        if opens:
            click.launch(url)
        config = uvicorn.Config(
            app,
            # Chosen, as uvicorn would else take what is installed, which differs between machines.
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_level="error",
            server_header=False,
            timeout_graceful_shutdown=2,
        )

        class Server(uvicorn.Server):
            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                """End the child processes too: the server waits for its requests, and one may wait for a git hook."""
                super().handle_exit(sig, frame)
                process.end_all()

        # Ctrl+C is how it ends; a supervisor's signal is no other.
        with suppress(KeyboardInterrupt), handling(ENDING, signal.default_int_handler):
            try:
                Server(config).run(sockets=[listener])
            finally:
                process.end_all()
    return ExitCode.FINE


COMMANDS = (serve,)


def _listen(host: str, port: int) -> socket.socket:
    """Bind the port before the address is printed."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror as error:
        hint = "--host takes a name or an address of this machine"
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror} ({hint})") from error
    except OSError as error:
        hint = "choose another with --port; 0 is any free"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise click.ClickException(f"cannot listen on {host}:{port}: {reason} ({hint})") from error


def _token(host: str, listener: socket.socket) -> str:
    """The token, which must be set, and long, where other machines can reach the page."""
    token = os.environ.get(TOKEN, "")
    hint = f"""for example: export {TOKEN}="$(python3 -c 'import secrets; print(secrets.token_urlsafe())')\""""
    if not token and not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
        raise click.ClickException(f"others can reach {host}: set {TOKEN}, which the page then asks for ({hint})")
    if token and len(token) < _SHORTEST:
        raise click.ClickException(f"{TOKEN} has fewer than {_SHORTEST} characters ({hint})")
    return token


def _url(listener: socket.socket) -> str:
    """The address for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
