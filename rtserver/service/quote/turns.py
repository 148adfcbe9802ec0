"""Turns: who is charged for work on feeds and pages, and when it goes on."""

from rtserver.base.limit.cpu_quota import FairShare, FairShares
from rtserver.base.limit.steps import Steps, finish


class Turns:
    """The turns of users on the service thread. Without ``shares``, work is charged to nobody."""

    def __init__(self, shares: FairShares | None) -> None:
        self._shares = shares

    def share_of(self, user: str) -> FairShare | None:
        """Return the share of a user, None if processor time is not counted."""
        return None if self._shares is None else self._shares.of(user)

    def drive(self, steps: Steps[None], share: FairShare | None) -> None:
        """Take all the steps: in the turns of a user, or at once if nobody is charged. They must not raise."""
        if share is None:
            finish(steps)
        else:
            share.drive(steps)
