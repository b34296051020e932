"""What the page asks of the server, a module a matter."""
