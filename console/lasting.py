"""Start-up without the garbage collector, which finds nothing among what has just been imported."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """Do not look for garbage inside, and never again among what is there in the end: it is used until the exit."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
