"""Calls and answers, servants and proxies: the messages of a connection. No sockets, no threads, no clock."""
