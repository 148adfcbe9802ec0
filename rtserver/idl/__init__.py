"""IDL of binary clients, and the modules that ``tce2py`` makes of it."""
