"""The command `serve`, which serves the Pipelines page on this machine."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from codegen import process
from codegen.cli.exit_code import ExitCode
from codegen.cli.options import open_project
from codegen.cli.printer import echo
from codegen.diagnostics import quoted
from codegen.process import ENDING, handling

if TYPE_CHECKING:
    from starlette.types import ASGIApp

TOKEN = "DAGPRESS_TOKEN"  # noqa: S105  # the name of a variable
_MIN_TOKEN_LENGTH = 16
# The modules that the extra `serve` installs.
_EXTRA = ("httpx2", "igraph", "pygments", "starlette", "uvicorn")
# The command that adds the extra to the environment of Dagpress, by a file of the program that made the environment.
_INSTALLERS = {"uv-receipt.toml": "uv tool install", "pipx_metadata.json": "pipx install --force"}
# An HTTP token (RFC 9110, 5.6.2).
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OPEN_TO_ALL = "Without a token, every user of this machine can change this project and commit as you."
# The browser opens this file, since other users can read the arguments of a process.
_REDIRECT = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>Dagpress</title>
<a href="{url}">The Pipelines page</a>
"""
_EPILOG = f"""\b
Examples:
  dagpress serve                              print the address, with a new token
  dagpress serve --port 9000 --open           on another port, and open the browser
  dagpress serve --review                     changes become pull requests
  {TOKEN}=... dagpress serve --host 10.0.0.7 --trusted-proxy 10.0.0.2 \\
      --allowed-host pipelines.example.com
  {TOKEN}=... dagpress serve --trusted-proxy 127.0.0.1 \\
      --user-header X-Forwarded-Preferred-Username --user-header X-Forwarded-Email

\b
Each start prints a URL with a new token. With {TOKEN} set, the page asks for that token
instead. Programs send it as `Authorization: Bearer`. If other machines can reach the page, put a
TLS proxy in front of it: the token is sent in clear text.
"""


def _header_names(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [value for value in values if not _HEADER.fullmatch(value)]:
        raise click.BadParameter(f"{quoted(wrong[0])}; expected the name of a header, such as X-Forwarded-Email.")
    return values


def _networks(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> list[str]:
    try:
        return [str(ipaddress.ip_network(value)) for value in values]
    except ValueError as error:
        raise click.BadParameter(
            f"{error}; expected an address or a network, such as 10.0.0.2 or 10.0.0.0/24."
        ) from error


@click.command(epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8484, show_default=True, help="The port; 0 is any free port."
)
@click.option(
    "--allowed-host",
    "names",
    metavar="NAME",
    multiple=True,
    help="A host name that browsers may use, in addition to localhost and the address. Can be repeated.",
)
@click.option(
    "--trusted-proxy",
    "proxies",
    metavar="ADDRESS",
    callback=_networks,
    multiple=True,
    help="Trust X-Forwarded-Proto and X-Forwarded-For from this proxy (address or network). Can be repeated.",
)
@click.option(
    "--user-header",
    "user_headers",
    metavar="NAME",
    callback=_header_names,
    multiple=True,
    help="The header in which the trusted proxy sends the user's e-mail address or name. Can be repeated.",
)
@click.option(
    "--no-token", is_flag=True, help="Turn the login off. Every user of this machine can then change the project."
)
@click.option(
    "--review/--no-review",
    default=None,
    help="Turn each change into a pull request instead of saving it in this checkout.  "
    "[default: `review` in the configuration]",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.pass_obj
def serve(  # noqa: PLR0913, PLR0917  # the options of the command
    root: Path,
    host: str,
    port: int,
    names: tuple[str, ...],
    proxies: list[str],
    user_headers: tuple[str, ...],
    *,
    no_token: bool,
    review: bool | None,
    opens: bool,
) -> int:
    """Serve the Pipelines page to view, edit and save schedules in a browser."""
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise click.ClickException(f"the Pipelines page requires {missing[0]} (install it: {how_to_install_extra()})")
    # The extra is optional, and slow to import.
    from codegen.web.app import create_app  # noqa: PLC0415
    from codegen.web.shell.login import TOKEN_FIELD  # noqa: PLC0415
    from codegen.web.shell.security import is_host_name  # noqa: PLC0415

    if wrong := [name for name in names if not is_host_name(name)]:
        raise click.UsageError(f"`--allowed-host` expects a name without a port, got {quoted(wrong[0])}")
    if user_headers and not proxies:
        raise click.UsageError("`--user-header` requires `--trusted-proxy`: otherwise any client could send the header")
    project = open_project(root)
    # `--help` does not need this import.
    from codegen.proposals import Proposals, state_folder  # noqa: PLC0415

    with _listen(host, port) as listener, ExitStack() as files:
        configured = _configured_token(listener, no_token=no_token)
        token = configured or ("" if no_token else secrets.token_urlsafe())
        proposals = Proposals(project, state_folder()) if (project.review if review is None else review) else None
        app = create_app(
            project.root, os.environ, (*names, host), token,
            proposals=proposals, proxies=proxies, user_headers=user_headers,
        )  # fmt: skip
        url = _url(listener) + (f"?{TOKEN_FIELD}={token}" if token != configured else "")
        echo(f"Serving the pipelines of {project.root.name} at {url} (Ctrl+C to stop)", err=True)
        if no_token:
            echo(_OPEN_TO_ALL, err=True)
        if opens:
            files.enter_context(_opened(url))
        # Ctrl+C is the normal end, as is the signal of a supervisor.
        with suppress(KeyboardInterrupt), handling(ENDING, signal.default_int_handler):
            try:
                _run(app, listener)
            finally:
                # After a signal, a commit may still be restoring its branch.
                if not process.ending.is_set():
                    process.end_all()
    return ExitCode.FINE


COMMANDS = (serve,)


def how_to_install_extra() -> str:
    """Return the command that installs the extra in the environment of this Dagpress."""
    found = (command for file, command in _INSTALLERS.items() if (Path(sys.prefix) / file).exists())
    return f"{next(found, 'pip install')} 'dagpress[serve]'"


@contextmanager
def _opened(url: str) -> Iterator[None]:
    """Open a URL in the browser through a private file, which redirects to it."""
    with tempfile.NamedTemporaryFile("w", prefix="dagpress-", suffix=".html") as page:
        page.write(_REDIRECT.format(url=url))
        page.flush()
        try:
            process.start(["open" if sys.platform == "darwin" else "xdg-open", page.name], start_new_session=True)
        except process.ProcessError as error:
            echo(f"No browser found: {error}. Open the URL above.", err=True)
        yield


def _run(app: ASGIApp, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415  # as in `serve`

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """End the child processes, too: the server waits for open requests, which may wait for a git hook."""
            super().handle_exit(sig, frame)
            process.end_all()

    config = uvicorn.Config(
        app,
        # The defaults of uvicorn depend on the installed packages.
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="error",
        server_header=False,
        timeout_graceful_shutdown=2,
        # The application handles trusted proxies itself.
        proxy_headers=False,
    )
    Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Bind the port before the address is printed."""
    host_hint = "pass a name or an address of this machine as `--host`"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror} ({host_hint})") from error
    except OSError as error:
        hint = host_hint if error.errno == errno.EADDRNOTAVAIL else "pass another one as `--port`; 0 is any free port"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise click.ClickException(f"cannot listen on {host}:{port}: {reason} ({hint})") from error


def _configured_token(listener: socket.socket, *, no_token: bool) -> str:
    """Return the token from the environment variable; empty if it is not set."""
    token = os.environ.get(TOKEN, "")
    if no_token and token:
        raise click.UsageError(f"`--no-token` cannot be combined with {TOKEN}")
    if no_token and not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
        raise click.UsageError("`--no-token` is for 127.0.0.1 and ::1 only: other machines can reach this address")
    if token and len(token) < _MIN_TOKEN_LENGTH:
        hint = f"""for example: export {TOKEN}="$(python3 -c 'import secrets; print(secrets.token_urlsafe())')\""""
        raise click.ClickException(f"{TOKEN} has fewer than {_MIN_TOKEN_LENGTH} characters ({hint})")
    return token


def _url(listener: socket.socket) -> str:
    """Return the URL for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
