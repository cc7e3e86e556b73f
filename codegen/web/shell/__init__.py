"""The basis of every page: the request, the login and the security, the project as the files are now."""
