"""The site as a WSGI application, for a team that serves it by itself; rtserver's demo mode makes its own.

WSGI servers take the application from a module, so this is the one file that sets Django up when it is imported.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rtsite.settings")

application = get_wsgi_application()
