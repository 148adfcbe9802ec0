"""The login page's form and view: Django's own, which look at no password while its user has to wait."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from rtsite.login_limit import LoginLimit, TooManyAttempts


class LimitedAuthenticationForm(AuthenticationForm):
    """``retry_after`` are the seconds to wait, where the form was refused for that; else None."""

    retry_after: int | None = None

    def clean(self) -> dict[str, Any]:
        """Django looks the user up and compares the password in here. Raises ``ValidationError``."""
        user, address = self._attempt()
        if not user or not self.cleaned_data.get("password"):
            return super().clean()
        limit = LoginLimit(cache)
        try:
            limit.begin(user, address)
        except TooManyAttempts as refusal:
            self.retry_after = refusal.seconds
            text = f"Too many attempts. Please try again in {refusal.seconds} s."
            raise ValidationError(text, code="too_many_attempts") from None
        cleaned = super().clean()
        limit.succeed(user, address)
        return cleaned

    def _attempt(self) -> tuple[str, str]:
        """Return the tried user and the address. One name in several spellings is one user to some databases."""
        user = (self.cleaned_data.get("username") or "").casefold()
        return user, "" if self.request is None else self.request.META.get("REMOTE_ADDR", "")


class LimitedLoginView(LoginView):
    """A refused attempt is 429 with ``Retry-After``."""

    authentication_form = LimitedAuthenticationForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        """Called by Django."""
        answer: HttpResponse = super().form_invalid(form)
        if form.retry_after is not None:
            answer.status_code = 429
            answer["Retry-After"] = str(form.retry_after)
        return answer
