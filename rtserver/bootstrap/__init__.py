"""The building of a server: configuration, command line, Django, an embedded Redis, and ``app``, which wires all
parts.
"""
