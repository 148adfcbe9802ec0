"""The bus followed at a replica: which server is read, how it is known to be safe, and when another one is taken."""
