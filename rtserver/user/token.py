"""Old import path of ``make_token``, which has moved to ``rtserver.user.session.token``."""

from typing import TYPE_CHECKING

from rtserver.user.moved_name import moved_names

if TYPE_CHECKING:
    from rtserver.user.session.token import make_token

__all__ = ["make_token"]
__getattr__ = moved_names(__name__, {"make_token": "rtserver.user.session.token"})
