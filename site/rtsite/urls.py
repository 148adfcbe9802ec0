"""The site's addresses. Logging in and out are Django's own views under their usual names."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from rtsite import views

urlpatterns = [
    path("", views.charts, name="charts"),
    path("notices/", views.notices, name="notices"),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/session/", views.session, name="session"),
]
