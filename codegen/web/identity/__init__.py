"""The page that asks a person for a name and an e-mail address."""
