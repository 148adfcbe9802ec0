"""The site's addresses. Logging in and out are Django's own views under their usual names; attempts are limited."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.decorators.http import require_POST

from rtsite import views
from rtsite.login_form import LimitedLoginView

urlpatterns = [
    path("", views.charts, name="charts"),
    path("watch/", views.watch, name="watch"),
    path("notices/", views.notices, name="notices"),
    path("accounts/login/", LimitedLoginView.as_view(), name="login"),
    # Django 4.2 would also take a GET, which any page can make a browser send.
    path("accounts/logout/", require_POST(LogoutView.as_view()), name="logout"),
    path("accounts/session/", views.session, name="session"),
]
