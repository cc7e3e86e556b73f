"""Resources of a container, as a Kubernetes object."""

from __future__ import annotations

LARGE = {"requests": {"memory": "2Gi"}}
