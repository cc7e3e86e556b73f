"""Save, move and delete."""
