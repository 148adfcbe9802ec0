"""What a connection does with messages: calls and answers, servants and proxies. No sockets, no threads, no clock."""
