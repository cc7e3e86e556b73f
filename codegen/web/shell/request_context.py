"""The request context of page handlers: site, form and project."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache, cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from secrets import token_urlsafe
from threading import Event
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from codegen.diagnostics import printable_lines
from codegen.keys.texts import timezones
from codegen.loader import SourceFile
from codegen.proposals import Proposal, ProposalError, Proposals
from codegen.secrets.masking import masked_prose
from codegen.web.shell import worker
from codegen.web.shell.addresses import address_of
from codegen.web.shell.airflows import Airflows
from codegen.web.shell.humanize import absolute, relative
from codegen.web.shell.identity import STATE, Person, person_of
from codegen.web.shell.next_runs import NextRunsCache
from codegen.web.shell.operations import Operation, Operations
from codegen.web.shell.recent import RecentStore, Saved
from codegen.web.shell.security import CSRF_FIELD
from codegen.web.shell.worker import Worker, shared_worker
from codegen.web.shell.workspace import Snapshot, Workspace
from codegen.web.shell.workspaces import Workspaces

# The cookie with the browser's timezone, set by `static/page.js`.
TIMEZONE_COOKIE = "timezone"
# The form field or query parameter that names a proposal.
PROPOSAL = "proposal"
# The parts of the ASGI scope for the worker, in addition to some headers.
_SCOPE = ("type", "method", "path", "path_params", "query_string", "state")
T = TypeVar("T")


@cache
def _jinja_environment() -> Environment:
    """Return the Jinja environment, which escapes HTML and invisible characters in every value.

    The values of form fields use `{{ value|e }}`, which keeps invisible characters.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["masked"] = masked_prose
    environment.filters["ago"] = lambda time: relative(time, datetime.now(timezone.utc))
    environment.filters["absolute"] = pass_context(lambda page, time: absolute(time, page["context"].timezone))
    environment.filters["code_marks"] = _with_code
    environment.globals["address_of"] = address_of
    return environment


@lru_cache(maxsize=1024)
def _with_code(text: str) -> Markup:
    """Convert a text with backticks to HTML with `<code>` elements."""
    parts = re.split(r"`([^`]*)`", printable_lines(text))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _visible(value: object) -> object:
    # Values with `__html__` are already HTML.
    return printable_lines(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@dataclass(frozen=True)
class Site:
    """The state shared by all requests. Only `airflow` contains environment variables, and does not expose them.

    Attributes:
        airflow: the configured Airflows; None without any.
        version: the version of Dagpress.
        worker: the process that renders drafts.
        csrf: the CSRF token, created at each start of the server.
        saved: recently saved changes.
        operations: recent background operations.
        pushes: runs pushes in the background.
        user_headers: the headers of trusted proxies that identify the user; empty if users type their names.
    """

    workspaces: Workspaces
    templates: Environment
    airflow: Airflows | None
    version: str
    worker: Worker
    csrf: str = field(default_factory=lambda: token_urlsafe(32), repr=False)
    saved: RecentStore[Saved] = field(default_factory=RecentStore)
    operations: RecentStore[Operation] = field(default_factory=RecentStore)
    pushes: Operations = field(default_factory=lambda: Operations("push"))
    next_runs: NextRunsCache = field(default_factory=NextRunsCache)
    user_headers: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        root: Path,
        environ: Mapping[str, str],
        drafts: Worker | None = None,
        proposals: Proposals | None = None,
        user_headers: Sequence[str] = (),
    ) -> Site:
        """Create the site of a project.

        Changes become proposals if `proposals` is set, and are written into the project directory otherwise.

        Raises:
            DagpressError: an environment variable is invalid.
        """
        airflow, drafts = Airflows(environ) or None, drafts or shared_worker()
        workspaces, release = Workspaces(root, proposals), version("dagpress")
        return cls(workspaces, _jinja_environment(), airflow, release, drafts, user_headers=user_headers)

    @property
    def name(self) -> str:
        """The name of the project directory."""
        return self.workspaces.main.root.name

    @property
    def proposals(self) -> Proposals | None:
        """The proposals; None if changes are written into the checkout."""
        return self.workspaces.proposals


@dataclass(frozen=True)
class RequestContext:
    """A request of a page.

    Attributes:
        form: the form fields; empty for GET.
        is_disconnected: set when the client disconnects.
        given_proposals: the open proposals, in the worker; None elsewhere.
        given_workspace: overrides the workspace.
    """

    site: Site
    request: Request
    form: Mapping[str, str]
    is_disconnected: Event = field(default_factory=Event)
    given_proposals: Sequence[Proposal] | None = None
    given_workspace: Workspace | None = None

    @property
    def proposal(self) -> str:
        """The name of the proposal in the request; empty for the checkout."""
        return self.form.get(PROPOSAL, "") or self.query.get(PROPOSAL, "")

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of the request.

        Raises:
            HTTPException: the proposal cannot be changed here.
        """
        if self.given_workspace:
            return self.given_workspace
        try:
            return self.site.workspaces.of(self.proposal)
        except ProposalError as error:
            if PROPOSAL in self.form:
                # The submitted changes become a new proposal.
                return self.site.workspaces.main
            raise HTTPException(404, f"{error}.") from None

    def within(self, proposal: str) -> RequestContext:
        """Return this request with the workspace of a proposal.

        Raises:
            ProposalError: the proposal cannot be changed here.
        """
        workspace = self.site.workspaces.of(proposal)
        return replace(self, form={**self.form, PROPOSAL: proposal}, given_workspace=workspace)

    @property
    def slow_operation(self) -> Operation | None:
        """A slow operation that blocks other writes into the workspace."""
        try:
            return self.workspace.operations.slow
        except HTTPException:
            return None

    @property
    def continued(self) -> Proposal | None:
        """The open proposal in the request; None without one."""
        return next((each for each in self.open_proposals or () if each.name == self.proposal), None)

    @property
    def proposes(self) -> bool:
        """Whether changes become proposals."""
        return self.given_proposals is not None or self.site.proposals is not None

    @property
    def address(self) -> str:
        """The path and query string of the request."""
        return f"{quote(self.request.url.path)}{f'?{query}' if (query := self.request.url.query) else ''}"

    @cached_property
    def open_proposals(self) -> Sequence[Proposal] | None:
        """The open proposals; None if changes are written into the checkout."""
        if self.given_proposals is not None:
            return self.given_proposals
        return self.site.proposals.open() if self.site.proposals else None

    @cached_property
    def snapshot(self) -> Snapshot:
        """The current project, read once per request."""
        return self.workspace.snapshot()

    @property
    def source(self) -> SourceFile:
        """The schedule file in the URL.

        Raises:
            HTTPException: it does not exist.
        """
        found = self.snapshot.sources.get(self.request.path_params["source"])
        if found is None:
            raise HTTPException(404, "This pipeline does not exist.")
        return found

    @cached_property
    def person(self) -> Person | None:
        """The person of the request; None if unknown."""
        return person_of(self.request)

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        return self.request.query_params

    @property
    def is_fragment(self) -> bool:
        """Whether htmx requests a part of a page. Boosted links and history restores need the whole page."""
        headers = self.request.headers
        return "hx-request" in headers and not {"hx-boosted", "hx-history-restore-request"} & {*headers}

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The viewer's timezone, from the cookie; UTC by default."""
        name = self.request.cookies.get(TIMEZONE_COOKIE, "")
        return ZoneInfo(name if name in timezones() else "UTC")

    def in_worker(self, warm_up: Callable[..., Any], function: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401
        """Call a function with this request and further arguments in the worker.

        Raises:
            StoppedError: it exceeded a limit, its process was killed, or the client has disconnected.
        """
        scope = {name: self.request.scope[name] for name in _SCOPE}
        htmx = [(name, value) for name, value in self.request.scope["headers"] if name.startswith(b"hx-")]
        scope["headers"] = [*htmx, (b"cookie", f"{TIMEZONE_COOKIE}={self.timezone.key}".encode())]
        scope["state"] = {**scope["state"], STATE: self.person}
        root, csrf = self.workspace.root, self.site.csrf
        # The fragments that are updated while typing do not show proposals.
        shown = None if self.is_fragment else self.open_proposals
        task = worker.Task(function, arguments, root, scope, self.form, csrf, warm_up, worker.LIMIT, shown)
        result: T = self.site.worker.run(task, self.is_disconnected.is_set)
        return result

    def page(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  # template variables
        """Render a page, or a part of one, with the nonce and the CSRF token."""
        own = {"nonce": self.request.state.nonce, "csrf_field": CSRF_FIELD, "csrf": self.site.csrf}
        text = self.site.templates.get_template(template).render(context=self, status=status, **own, **values)
        # File names can contain bytes that are not valid text.
        return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)


@dataclass(frozen=True)
class Page:
    """A route and its handler, which runs in a thread and can block.

    Attributes:
        path: the path as in Starlette, such as `/pipelines/{source:path}`.
        method: `GET`, or `POST` for changes, which require the CSRF token.
        is_draft: whether it renders a draft; these requests are limited per client.
        needs_person: whether it leads to a proposal, which needs an author.
        changes_checkout: whether it changes the checkout, so it is not available with proposals.
    """

    path: str
    handler: Callable[[RequestContext], Response]
    method: str = "GET"
    is_draft: bool = False
    needs_person: bool = False
    changes_checkout: bool = False
