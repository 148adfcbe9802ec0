"""Sessions, tokens and users of the Django site. The only folder of the server's run time that imports Django."""
