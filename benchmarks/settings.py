"""The site's settings, with the floors beside its own addresses: for servers that benchmarks start."""

from artifactsite.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.floor"
