"""The operating system's side of a server: sockets to listen on, files, logs, certificates, an embedded Redis."""
