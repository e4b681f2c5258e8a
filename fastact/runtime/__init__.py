"""Threads, memory and what else concerns the process: below everything that computes."""

from pkgutil import extend_path

# A source tree has no compiled modules: those of the installed package serve it.
__path__ = extend_path(__path__, __name__)
