"""A gateway of ``user_rig`` as a process: a file, and the name of a server in it. Its lease ends two seconds after it
has died."""

import sys
from pathlib import Path

from tcelib.lease import keeper

keeper.LEASE_SECONDS = 2.0

import tcelib as tce  # noqa: E402  after the lease was made shorter
from tests.tcelib.runtime.user_rig import serve  # noqa: E402

if __name__ == "__main__":
    communicator = tce.RpcCommunicator().init(sys.argv[2])
    serve(communicator, Path(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    communicator.waitForShutdown()
