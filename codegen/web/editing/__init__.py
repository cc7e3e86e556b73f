"""The page on which a schedule is edited, with its form and its preview."""
