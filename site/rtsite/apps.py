"""The site as a Django application: where its signal receiver is connected, when Django is ready and not before."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out

from rtsite.signals import announce_closed_session


class SiteConfig(AppConfig):
    """The one application of the project."""

    name = "rtsite"
    verbose_name = "rtserver demo site"

    def ready(self) -> None:
        """Connect the receiver once, however often Django is set up in a process."""
        user_logged_out.connect(announce_closed_session, dispatch_uid="rtsite.announce_closed_session")
