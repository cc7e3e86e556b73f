"""The infrastructure of all pages: requests, login, security headers, background operations and project snapshots."""
