"""What several contracts are held on."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import find_binaries, running_postgres
from tests.support.s3 import running_s3


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL for the session; what a test leaves in it is the next one's to remove."""
    if find_binaries() is None:
        assert os.environ.get("CI") != "true", "postgresql is missing: run scripts/setup test"
        pytest.skip("postgresql is not installed")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with running_postgres(Path(folder)) as url:
            yield url


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """One S3 server for the session."""
    with running_s3() as url:
        yield url
