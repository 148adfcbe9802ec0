"""Old import path of ``Identity``, which has moved to ``rtserver.user.identity``."""

from typing import TYPE_CHECKING

from rtserver.user.moved_name import moved_names

if TYPE_CHECKING:
    from rtserver.user.identity import Identity

__all__ = ["Identity"]
__getattr__ = moved_names(__name__, {"Identity": "rtserver.user.identity"})
