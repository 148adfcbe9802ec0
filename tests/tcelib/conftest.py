"""What tests of several directories need: a certificate, and a suite whose failed assertions show their values."""

import subprocess
from pathlib import Path

import pytest

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
LOOPBACK = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")

pytest.register_assert_rewrite("tests.tcelib.transport.contract")  # before the first of them imports it


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, signed by itself, and its key, in one file."""
    directory = tmp_path_factory.mktemp("tls")
    key, certificate, both = (directory / name for name in ("key.pem", "certificate.pem", "both.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", *NEW_KEY, *LOOPBACK, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
