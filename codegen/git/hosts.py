"""The URLs of pull requests on the host of a repository, from the URL of its remote.

The hosts document these formats:

- GitHub: https://docs.github.com/en/pull-requests/reference/using-query-parameters-to-create-a-pull-request, and the
  qualifier `head:` of https://docs.github.com/en/search-github/searching-on-github/searching-issues-and-pull-requests
- GitLab: the link that GitLab prints after a push (https://docs.gitlab.com/topics/git/commit), and the filters of
  https://docs.gitlab.com/user/project/merge_requests
- Bitbucket Cloud and Data Center: the links that they print after a push, and those of a branch in
  https://developer.atlassian.com/cloud/bitbucket/rest/api-group-refs
- Azure DevOps: the link that it prints after a push, and the clone URLs of
  https://learn.microsoft.com/azure/devops/repos/git/use-ssh-keys-to-authenticate

Public tools use the same formats, such as lazygit's `pkg/commands/hosting_service/definitions.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

# `git@host:path`, which git reads as SSH unless a slash comes first.
_SCP = re.compile(r"(?:[^@/:]+@)?(\[[^]]+\]|[^/:@\[\]]+):(?!//)(.+)")
_SCHEMES = {"http", "https", "ssh", "git", "git+ssh", "ssh+git"}
# SSH hosts on the port of HTTPS, and those of Azure DevOps.
_WEB_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
    "vs-ssh.visualstudio.com": "dev.azure.com",
}
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
_PRINTED = re.compile(r"^remote:.*?(https?://[!-;=?-~]+)", re.MULTILINE)
# The path segments of the pages of pull requests.
_PULL_REQUEST_PATH = re.compile(r"/(?:pull|pulls|compare|pull-requests|pullrequest|pullrequestcreate|merge_requests)\b")


class _Place(NamedTuple):
    """The location of a repository on the web: the origin of its host, and its path without `.git`."""

    origin: str
    path: str

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""


class _Links(NamedTuple):
    """The page of a repository, and the paths below it for a new pull request and for the pull requests of a branch."""

    page: str
    new: str
    existing: str


def without_credentials(text: str) -> str:
    """Return a text, such as the URL of a remote, without the users and passwords of its URLs."""
    return _CREDENTIALS.sub("", text)


def new_pull_request(url: str, branch: str, base: str) -> str:
    """Return the URL that opens a pull request from a branch into another one; empty for an unknown host.

    Without a `base`, the host uses its default branch.
    """
    links = _links(url, branch, base)
    return links.page + links.new if links else ""


def pull_requests_of(url: str, branch: str) -> str:
    """Return the URL of the pull requests of a branch; empty for an unknown host."""
    links = _links(url, branch, "")
    return links.page + links.existing if links else ""


def is_known(url: str) -> bool:
    """Return whether the host of the remote is known."""
    return _links(url, "", "") is not None


def pull_request_in(output: str, url: str) -> str:
    """Return the URL of a pull request that a push printed, if it is on the remote's own host; else empty."""
    place = _place(url)
    return next((found for found in _printed(output) if place and _is_pull_request_of(place, found)), "")


def _printed(output: str) -> Iterator[str]:
    return (match[1] for match in _PRINTED.finditer(output))


def _is_pull_request_of(place: _Place, address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_as_safe = parts.scheme == "https" or place.origin.startswith("http:")
    is_same = parts.hostname == place.host and "@" not in parts.netloc
    return is_as_safe and is_same and _PULL_REQUEST_PATH.search(parts.path) is not None


def _place(url: str) -> _Place | None:
    """Return the location of a remote on the web; None for a path or an invalid URL."""
    if "://" not in url:
        match = _SCP.fullmatch(url)
        scheme, authority, path = ("ssh", match[1], match[2]) if match else ("", "", "")
    else:
        scheme, _, rest = url.partition("://")
        authority, _, path = rest.partition("/")
        authority = authority.rpartition("@")[2]
    if scheme.lower() not in _SCHEMES:
        return None
    is_web = scheme.lower() in {"http", "https"}
    host = authority.lower() if is_web else _web_host(authority.lower())
    path = path.strip("/").removesuffix(".git")
    if not re.fullmatch(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d*)?", host) or not path:
        return None
    return _Place(f"{scheme.lower() if is_web else 'https'}://{host}", quote(path, safe="/~%"))


def _web_host(authority: str) -> str:
    """Return the web host for an SSH host, without the port, which differs."""
    host = re.sub(r":\d*$", "", authority)
    # SSH configurations have aliases such as `github.com-work`, for a second key.
    return _WEB_HOSTS.get(host) or re.sub(r"^(github\.com|gitlab\.com|bitbucket\.org)-.+", r"\1", host)


def _links(url: str, branch: str, base: str) -> _Links | None:
    place = _place(url)
    if place is None:
        return None
    links_of = next((links_of for is_it, links_of in _HOSTS if is_it(place)), None)
    return links_of(place, branch, base) if links_of else None


def _github(place: _Place, branch: str, base: str) -> _Links:
    new = f"/compare/{quote(base) + '...' if base else ''}{quote(branch)}?quick_pull=1"
    return _Links(f"{place.origin}/{place.path}", new, f"/pulls?q={_in_query(f'is:pr head:{branch}')}")


def _gitlab(place: _Place, branch: str, base: str) -> _Links:
    source, target = (f"merge_request%5B{name}_branch%5D=" for name in ("source", "target"))
    new = f"/-/merge_requests/new?{source}{_in_query(branch)}{_optional(f'&{target}', base)}"
    existing = f"/-/merge_requests?scope=all&state=all&source_branch={_in_query(branch)}"
    return _Links(f"{place.origin}/{place.path}", new, existing)


def _bitbucket_cloud(place: _Place, branch: str, base: str) -> _Links:
    new = f"/pull-requests/new?source={_in_query(branch)}{_optional('&dest=', base)}&t=1"
    return _Links(f"{place.origin}/{place.path}", new, f"/branch/{quote(branch)}")


def _bitbucket_server(place: _Place, branch: str, base: str) -> _Links | None:
    # Over HTTP, `/scm/` separates the context path of the server from the project key.
    context, _, path = f"/{place.path}".rpartition("/scm/")
    key, _, repository = path.strip("/").partition("/")
    if not repository:
        return None
    owner = f"users/{key[1:]}" if key.startswith("~") else f"projects/{key}"
    source = _in_query(f"refs/heads/{branch}")
    new = f"/pull-requests?create&sourceBranch={source}{_optional('&targetBranch=refs%2Fheads%2F', base)}"
    existing = f"/pull-requests?direction=OUTGOING&state=ALL&at={source}"
    return _Links(f"{place.origin}{context}/{owner}/repos/{repository}", new, existing)


def _azure(place: _Place, branch: str, base: str) -> _Links | None:
    # Over SSH: v3/organization/project/repository.
    match = re.fullmatch(r"v3/([^/]+)/([^/]+)/([^/]+)", place.path)
    path = "{}/{}/_git/{}".format(*match.groups()) if match else place.path
    new = f"/pullrequestcreate?sourceRef={_in_query(branch)}{_optional('&targetRef=', base)}"
    return _Links(f"{place.origin}/{path}", new, "/pullrequests?_a=active") if "/_git/" in f"/{path}" else None


def _optional(name: str, base: str) -> str:
    """Return a parameter with the branch to merge into; empty without one, for the default branch of the host."""
    return name + _in_query(base) if base else ""


def _in_query(text: str) -> str:
    return quote(text, safe="")


def _is_azure(place: _Place) -> bool:
    is_there = place.host == "dev.azure.com" or place.host.endswith(".visualstudio.com")
    return is_there or "/_git/" in f"/{place.path}"


# Self-hosted servers are recognized by their host name. The first match counts.
_HOSTS: tuple[tuple[Callable[[_Place], bool], Callable[[_Place, str, str], _Links | None]], ...] = (
    (_is_azure, _azure),
    (lambda place: "github" in place.host or place.host.endswith(".ghe.com"), _github),
    (lambda place: "gitlab" in place.host, _gitlab),
    (lambda place: place.host == "bitbucket.org", _bitbucket_cloud),
    (lambda place: "bitbucket" in place.host, _bitbucket_server),
)
