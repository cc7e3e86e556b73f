"""An operator with the name of another one."""

from elt.operators import ListFiles as Load

__all__ = ["Load"]
