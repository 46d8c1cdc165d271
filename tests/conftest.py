"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A deadline, and a complaint that making examples takes long, are tests of how busy the machine is.
settings.register_profile("veza", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("veza")
