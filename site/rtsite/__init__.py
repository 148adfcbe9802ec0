"""The demo site: log in, look at live charts and notices. To rtserver it is any Django project with sessions."""
