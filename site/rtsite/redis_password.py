"""The password of the site's Redis, where it stands in a file."""

from pathlib import Path

import redis


class FilePassword(redis.CredentialProvider):
    """Password in a file, read by redis-py whenever it opens a connection: a new one needs no restart."""

    def __init__(self, path: Path, user: str = "") -> None:
        self._path = path
        self._user = user

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Called by redis-py. Raises ``redis.ConnectionError``."""
        try:
            password = self._path.read_text(encoding="utf-8-sig").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise redis.ConnectionError(f"the password's file {self._path} cannot be read") from error
        return (self._user, password) if self._user else (password,)
