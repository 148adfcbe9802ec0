"""Authentication backends that a site has derived from Django's own."""

from typing import TYPE_CHECKING

from django.contrib.auth.backends import ModelBackend

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ChoosyBackend(ModelBackend):
    """Has a rule of its own, and reads users as Django does."""

    def user_can_authenticate(self, user: "User") -> bool:
        return super().user_can_authenticate(user) and user.last_name != "Barred"


class ElsewhereBackend(ModelBackend):
    """Reads users in its own way."""

    def get_user(self, user_id: int) -> "User | None":
        user = super().get_user(user_id)
        if user is not None and user.last_name == "Broken":
            raise LookupError("no such entry")
        return None if user is None or user.last_name == "Barred" else user
