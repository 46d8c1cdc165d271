"""What holds for every test."""

import os
import sys

from hypothesis import HealthCheck, settings

# A deadline, and a complaint that making examples takes long, are tests of how busy the machine is.
settings.register_profile("veza", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("veza")

# Whoever says that nothing compiled is to be kept has every process of every test compile all of it anew, a
# quarter of what the start of a server takes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
