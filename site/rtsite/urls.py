"""The site's addresses. Logging in and out are Django's own views under their usual names; attempts are limited."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from rtsite import views
from rtsite.login_form import LimitedLoginView

urlpatterns = [
    path("", views.charts, name="charts"),
    path("notices/", views.notices, name="notices"),
    path("accounts/login/", LimitedLoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/session/", views.session, name="session"),
]
