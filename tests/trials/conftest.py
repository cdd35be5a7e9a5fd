"""Long runs, for which `make trials` is: nothing here runs with the tests."""

from tests.integration.conftest import redis_server as redis_server
from tests.integration.test_settling import run_lossy as run_lossy
