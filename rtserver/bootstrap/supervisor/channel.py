"""Channel: the supervisor's end of the pipe that a worker inherits, which carries messages both ways."""

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from rtserver.bootstrap.supervisor.message import LineReader, Message, line_of

READ_BYTES = 65_536
MOST_FILES = 64
MOST_UNSENT_BYTES = 4_194_304


class Channel:
    """One end. ``on_message`` gets what the other one says. One that reads nothing is told nothing more.

    ``rest`` is the beginning of the first message.
    ``files`` are the numbers of open files that have come, until whoever handles their message takes them.
    """

    def __init__(self, ours: socket.socket, on_message: Callable[[Message], object], rest: bytes = b"") -> None:
        self.socket = ours
        ours.setblocking(False)
        self._on_message = on_message
        self._reader = LineReader(rest)
        self._unsent = b""
        self.files: list[int] = []

    @property
    def rest(self) -> bytes:
        """The beginning of a message whose end has not come yet."""
        return self._reader.rest

    @property
    def is_open(self) -> bool:
        """True until the socket is closed."""
        return self.socket.fileno() >= 0

    def read(self) -> bool:
        """Handle what has come. Return False at the end of the stream."""
        try:
            data, files, _, _ = socket.recv_fds(self.socket, READ_BYTES, MOST_FILES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        for number in files:
            os.set_inheritable(number, False)
        self.files += files
        for message in self._reader.feed(data):
            self._on_message(message)
        return bool(data)

    def tell(self, kind: str, *, files: Sequence[int] = (), **fields: object) -> bool:
        """Send a message, and open files with it. Return False if the other end has no room for it, or has gone.

        The rest of a long one is sent with the next ones. Files go with a message that need not wait.
        """
        line = line_of(kind, **fields)
        self._flush()
        if self._unsent:
            if files or len(self._unsent) + len(line) > MOST_UNSENT_BYTES:
                return False
            self._unsent += line
            return True
        try:
            sent = socket.send_fds(self.socket, [line], files)
        except OSError:
            return False
        self._unsent = line[sent:]
        return True

    def _flush(self) -> None:
        with suppress(OSError):
            if self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
