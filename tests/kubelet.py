"""Expands `$(NAME)` in a container as Kubernetes does before it starts it.

A port of third_party/forked/golang/expansion/expand.go and `makeEnvironmentVariables` in pkg/kubelet/kubelet_pods.go
(https://github.com/kubernetes/kubernetes).
"""

from __future__ import annotations

from typing import Any


def started(container: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the command line of the container, and its environment variables with a plain value."""
    env: dict[str, str] = {}
    for variable in container.get("env", ()):
        if "valueFrom" not in variable:
            env[variable["name"]] = expand(variable.get("value", ""), env)
    return [expand(word, env) for word in (*container["command"], *container.get("args", ()))], env


def expand(text: str, env: dict[str, str]) -> str:
    """Replace the references in a text; `$$` becomes `$`."""
    data, done, position = text.encode(), b"", 0
    while position < len(data):
        if data[position : position + 1] != b"$" or position + 1 == len(data):
            done += data[position : position + 1]
            position += 1
            continue
        following = data[position + 1 : position + 2]
        end = data.find(b")", position)
        if following == b"(" and end >= 0:
            name = data[position + 2 : end].decode()
            done += env.get(name, f"$({name})").encode()
            position = end + 1
        else:
            # Go makes a character of each single byte, also within a multi-byte character.
            done += b"$" if following == b"$" else b"$" + chr(following[0]).encode()
            position += 2
    return done.decode(errors="replace")
