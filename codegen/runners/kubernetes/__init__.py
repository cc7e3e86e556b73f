"""The runner `kubernetes`: a pod of a Kubernetes cluster for each task."""
