"""A frame of its own to each of many sockets, in Python: the twin of ``native.c``, which need not be there."""

import errno
import os
from collections.abc import Sequence

from rtserver.base.send.port import Sender, ShortWrite


def send_each(files: Sequence[int], frames: Sequence[bytes], /) -> list[ShortWrite]:
    """See ``SendEach``."""
    if len(files) != len(frames):
        raise ValueError("there has to be one frame for each file")
    short: list[ShortWrite] = []
    write = os.write  # takes the file's number, where ``send`` wants a socket; Python ignores SIGPIPE
    for place, file in enumerate(files):
        frame = frames[place]
        try:
            sent = write(file, frame)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            sent = -(error.errno or errno.EIO)
        if sent != len(frame):
            short.append((place, sent))
    return short


PLAIN = Sender(send_each, "in Python: a call for each socket; the compiled way is not there")
