"""Runs Debian's nginx with the configuration of `docs/guides/nginx.conf`."""

from __future__ import annotations

import re
import shlex
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from debian import install
from environments import ROOT
from loopback_servers import closed_port
from processes import TIMEOUT

DOCUMENTED = ROOT / "docs/guides/nginx.conf"
# Replacements for the host name and the two addresses. Browsers resolve names below `localhost` to this machine.
NAME, PROXY_HOST, PAGE_HOST = "pipelines.localhost", "127.0.0.2", "127.0.0.1"
_MAIN = """\
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/dagpress.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx.

    Attributes:
        port: its port on 127.0.0.1.
        page_port: the port of the page behind it.
        folder: its log folder.
    """

    port: int
    page_port: int
    folder: Path

    @property
    def origin(self) -> str:
        """The origin of the page in a browser."""
        return f"https://{NAME}:{self.port}"

    def connect(self, address: str) -> ssl.SSLSocket:
        """Open a connection from a loopback address."""
        connection = socket.create_connection((PAGE_HOST, self.port), timeout=TIMEOUT, source_address=(address, 0))
        context = ssl.create_default_context(cafile=self.folder / "certificate")
        return context.wrap_socket(connection, server_hostname=NAME)


# The options for the headers that are comments in the documented configuration.
USER_HEADERS = ("--user-header", "X-Forwarded-Preferred-Username", "--user-header", "X-Forwarded-Email")


def documented_options() -> list[str]:
    """Return the options of `dagpress serve` in the documented configuration, with local names and addresses."""
    command = re.findall(r"^#   dagpress serve (.*)$", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE)
    return shlex.split(_of_this_machine(command[0]))


@contextmanager
def nginx(folder: Path) -> Iterator[Nginx]:
    """Run nginx during the block; skip the test if it is not installed and cannot be."""
    install("nginx", ("nginx", "openssl"), ("nginx", "openssl"))
    running = Nginx(closed_port(), closed_port(), folder)
    site = _of_this_machine(DOCUMENTED.read_text(encoding="utf-8"))
    for before, after in {
        "listen 443 ssl;": f"listen {PAGE_HOST}:{running.port} ssl;",
        f"/etc/ssl/certs/{NAME}.pem": f"{folder}/certificate",
        f"/etc/ssl/private/{NAME}.key": f"{folder}/key",
        f"{PAGE_HOST}:8484;": f"{PAGE_HOST}:{running.page_port}; proxy_bind {PROXY_HOST};",
        "# proxy_set_header X-Forwarded-Preferred-Username $user;": f"proxy_set_header {USER_HEADERS[1]} ada;",
        "# proxy_set_header X-Forwarded-Email $email;": f"proxy_set_header {USER_HEADERS[3]} ada@example.com;",
    }.items():
        assert site.count(before) == 1, before
        site = site.replace(before, after)
    (folder / "dagpress.conf").write_text(site, encoding="utf-8")
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder), encoding="utf-8")
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    with subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL) as process:
        try:
            while not (folder / "nginx.pid").exists():
                assert process.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
                time.sleep(0.02)
            yield running
        finally:
            process.terminate()


def _of_this_machine(text: str) -> str:
    for before, after in {"pipelines.example.com": NAME, "10.0.0.7": PAGE_HOST, "10.0.0.2": PROXY_HOST}.items():
        text = text.replace(before, after)
    return text
