"""The URLs of pull requests on git hosts."""

from __future__ import annotations

import pytest

from codegen.git.hosts import new_pull_request, pull_request_in, pull_requests_of, without_credentials

GITHUB = "https://github.com/acme/lake/compare/main...dagpress/b?quick_pull=1"
GITLAB = "/-/merge_requests/new?merge_request%5Bsource_branch%5D=dagpress%2Fb&merge_request%5Btarget_branch%5D=main"
CLOUD = "https://bitbucket.org/acme/lake/pull-requests/new?source=dagpress%2Fb&dest=main&t=1"
SERVER = "/pull-requests?create&sourceBranch=refs%2Fheads%2Fdagpress%2Fb&targetBranch=refs%2Fheads%2Fmain"
AZURE = "https://dev.azure.com/acme/big%20data/_git/lake/pullrequestcreate?sourceRef=dagpress%2Fb&targetRef=main"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/acme/lake.git", GITHUB),
        ("https://ada:ghp_secret@github.com/acme/lake", GITHUB),
        ("git@github.com:acme/lake.git", GITHUB),
        ("github.com:/acme/lake.git/", GITHUB),
        ("git@github.com-work:acme/lake.git", GITHUB),
        ("ssh://git@ssh.github.com:443/acme/lake.git", GITHUB),
        ("git@GitHub.example.com:acme/lake.git", GITHUB.replace("github.com", "github.example.com")),
        ("https://acme.ghe.com/acme/lake.git", GITHUB.replace("github.com", "acme.ghe.com")),
        ("https://gitlab.com/acme/data/lake.git", f"https://gitlab.com/acme/data/lake{GITLAB}"),
        ("ssh://git@gitlab.example.com:2222/acme/data/lake.git", f"https://gitlab.example.com/acme/data/lake{GITLAB}"),
        ("http://oauth2:secret@my-gitlab:8080/acme/lake.git", f"http://my-gitlab:8080/acme/lake{GITLAB}"),
        ("https://ada@bitbucket.org/acme/lake.git", CLOUD),
        ("git@bitbucket.org:acme/lake.git", CLOUD),
        ("https://bitbucket.acme.com/scm/dat/lake.git", f"https://bitbucket.acme.com/projects/dat/repos/lake{SERVER}"),
        ("https://bitbucket.acme.com:8443/git/scm/~ada/lake.git",
         f"https://bitbucket.acme.com:8443/git/users/ada/repos/lake{SERVER}"),
        ("ssh://git@bitbucket.acme.com:7999/dat/lake.git", f"https://bitbucket.acme.com/projects/dat/repos/lake{SERVER}"),
        ("https://acme@dev.azure.com/acme/big%20data/_git/lake", AZURE),
        ("git@ssh.dev.azure.com:v3/acme/big data/lake", AZURE),
        ("acme@vs-ssh.visualstudio.com:v3/acme/big%20data/lake", AZURE),
        ("https://acme.visualstudio.com/big%20data/_git/lake",
         AZURE.replace("dev.azure.com/acme", "acme.visualstudio.com")),
        *((url, "") for url in ("https://git.example.com/acme/lake.git", "/srv/github/lake.git", "../lake", "C:\\lake",
                                "file:///srv/github.git", "https://github.com/", "javascript://github.com/%0aalert(1)",
                                'https://github.com"><script>/a/b', "ssh://dev.azure.com/x", "bitbucket.x:y", "")),
    ],
)  # fmt: skip
def test_the_url_of_a_new_pull_request(url: str, address: str) -> None:
    found = new_pull_request(url, "dagpress/b", "main")
    assert found == address
    assert bool(pull_requests_of(url, "dagpress/b")) == bool(address)
    assert "main" not in new_pull_request(url, "dagpress/b", "")
    assert "secret" not in found + without_credentials(url)


@pytest.mark.parametrize("host", ["github.com", "gitlab.com", "bitbucket.org", "bitbucket.acme.com", "dev.azure.com"])
def test_a_branch_is_quoted(host: str) -> None:
    url = f"https://{host}/acme/data/_git/lake" if "azure" in host else f"https://{host}/acme/lake"
    for address in (new_pull_request(url, "a&b=#?ü%", "x+y"), pull_requests_of(url, "a&b=#?ü%")):
        assert address.count("#") == 0
        assert "azure" in host or "a%26b%3D%23%3F%C3%BC%25" in address
        assert address.isascii()


@pytest.mark.parametrize(
    ("printed", "url", "found"),
    [
        ("remote: Create a pull request for 'b' by visiting:\nremote:  https://github.com/a/b/pull/new/b   \n",
         "git@github.com:a/b.git", "https://github.com/a/b/pull/new/b"),
        ("remote: View merge request for b:\nremote:   https://gitlab.com/a/b/-/merge_requests/7\n",
         "https://x:secret@gitlab.com/a/b.git", "https://gitlab.com/a/b/-/merge_requests/7"),
        ("remote: Create a new pull request for 'b':\nremote:   https://git.acme.com/a/b/compare/main...b\n",
         "https://git.acme.com/a/b.git", "https://git.acme.com/a/b/compare/main...b"),
        ("remote: https://github.com/a/b/security/dependabot\nremote: https://github.com/a/b/pull/3\n",
         "https://github.com/a/b", "https://github.com/a/b/pull/3"),
        *((f"remote: {address}\n", "https://github.com/a/b", "") for address in (
            "https://evil.example/a/b/pull/3", "http://github.com/a/b/pull/3", "https://x@github.com/a/b/pull/3",
            "https://github.com.evil.example/pull/3", "javascript:alert(1)//github.com/pull/", "https://[/pull/3")),
        ("https://github.com/a/b/pull/3\n", "https://github.com/a/b", ""),
        ("remote: https://github.com/a/b/pull/3\n", "/srv/b.git", ""),
    ],
)  # fmt: skip
def test_the_url_that_a_push_prints(printed: str, url: str, found: str) -> None:
    assert pull_request_in(printed, url) == found
