"""Resources of a container, as Kubernetes has them."""

from __future__ import annotations

LARGE = {"requests": {"memory": "2Gi"}}
