"""A helper of several directories: a suite whose failed assertions show their values."""

import pytest

pytest.register_assert_rewrite("tests.tcelib.transport.contract")  # before the first of them imports it
