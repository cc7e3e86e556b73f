"""Import from and export to meltano.yml, verification against Meltano's DAGs, and the files of a new project."""
