"""The page that asks for the name and e-mail address of the author."""
