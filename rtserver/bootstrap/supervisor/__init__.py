"""The supervisor: one process without threads that starts worker processes on one port, watches and replaces them."""
