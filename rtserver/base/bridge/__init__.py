"""The one crossing between the websocket thread and the service thread: mailboxes of frozen messages."""
