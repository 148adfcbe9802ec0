"""The site as a WSGI application, called as a server calls it."""

from wsgiref.util import setup_testing_defaults


def test_a_wsgi_server_finds_the_site_in_the_module_that_the_settings_name(django_site: None) -> None:
    from django.conf import settings
    from django.utils.module_loading import import_string

    environ = {"HTTP_HOST": "localhost", "PATH_INFO": "/accounts/login/"}
    setup_testing_defaults(environ)
    sent = []
    body = import_string(settings.WSGI_APPLICATION)(environ, lambda status, headers, *_: sent.append(status))

    assert sent == ["200 OK"]
    assert b"csrfmiddlewaretoken" in b"".join(body)
    body.close()
