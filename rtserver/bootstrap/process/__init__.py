"""The operating system's side of a server: sockets, files, memory, logs, certificates, an embedded Redis."""
