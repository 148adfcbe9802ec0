"""The site as a WSGI application, called as a server calls it."""

from wsgiref.util import setup_testing_defaults


def test_no_header_value_begins_with_a_blank(django_site):
    """Tornado's WSGIContainer answers nothing at all when one does."""
    from rtsite.wsgi import application

    environ = {"HTTP_HOST": "localhost", "PATH_INFO": "/accounts/login/"}
    setup_testing_defaults(environ)
    sent = []
    body = application(environ, lambda status, headers, *_: sent.append((status, headers)))
    ((status, headers),) = sent

    assert status == "200 OK"
    assert b"csrfmiddlewaretoken" in b"".join(body)
    assert "Set-Cookie" in dict(headers)
    assert [value for _, value in headers if value != value.strip()] == []
    body.close()
