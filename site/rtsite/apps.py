"""The site as a Django application: where its signal receivers are connected, when Django is ready and not before."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.db.backends.signals import connection_created
from django.db.models.signals import m2m_changed, post_save, pre_delete

from rtsite import signals, sqlite


class SiteConfig(AppConfig):
    """The one application of the project."""

    name = "rtsite"
    verbose_name = "rtserver demo site"

    def ready(self) -> None:
        """Connect the receivers once, however often Django is set up in a process."""
        from django.contrib.auth.models import Group, User  # models can be imported from here on

        connection_created.connect(sqlite.set_pragmas, dispatch_uid="rtsite.set_pragmas")
        user_logged_out.connect(signals.announce_closed_session, dispatch_uid="rtsite.announce_closed_session")
        for signal in (post_save, pre_delete):
            signal.connect(signals.announce_changed_user, User, dispatch_uid="rtsite.announce_changed_user")
            signal.connect(signals.announce_changed_group, Group, dispatch_uid="rtsite.announce_changed_group")
        m2m_changed.connect(
            signals.announce_changed_groups, User.groups.through, dispatch_uid="rtsite.announce_changed_groups"
        )
