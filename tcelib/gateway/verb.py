"""Kinds of actions, and the causes of refusals and drops."""

from enum import Enum, StrEnum, auto


class Verb(Enum):
    """Kind of an action; it says which of the other parts of an ``Action`` count."""

    SERVE = auto()
    """Give the message to this program's own servants, or to its own calls that wait. Nothing counts."""
    DELIVER = auto()
    """Send the body to the client, in an envelope."""
    ANSWER = auto()
    """Send the body, which is the error of a call of its own, to the client, in an envelope."""
    WRITE = auto()
    """Put the body on the queue of that name."""
    CALL = auto()
    """Send the body to the service of that name, in an envelope."""
    PASS = auto()
    """Pass the body on to the gateway where the user of that name is now."""
    HOLD = auto()
    """Keep the message and all behind it, read the client no further, and try again when it is not full any more."""
    DROP = auto()
    """Do nothing. The name is the reason."""


class Reason(StrEnum):
    """Causes of refusals and drops, as metrics name them."""

    MALFORMED = "malformed"  # neither call nor answer, or cut, or with too many extra values
    NO_ROUTE = "no_route"
    NO_USER_ID = "no_user_id"  # of a client that needs one
    NO_RESPONDERS = "no_responders"
    NOT_HERE = "not_here"  # the user that a message is for
    EXPIRED = "expired"  # a message to a user, whose time was over
    UNSENT = "unsent"  # its queue did not take it, or there was no connection to its service
    LOST = "lost"  # the connection to the service that has it, or to the queue that perhaps has it
    TIMEOUT = "timeout"
    TOO_LONG = "too_long"  # an answer or a push that no client takes
    LATE = "late"  # an answer to a call that waits no more
    DUPLICATE = "duplicate"  # a call with the number of one that waits
    SILENCED = "silenced"  # an error for a client that would take it for success
