"""The runner `docker`: a container of a Docker engine for each task."""
