"""What the page of one pipeline shows: a module for each part, which a template of the same name makes visible."""
