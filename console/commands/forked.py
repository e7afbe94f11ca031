"""Work that another process does; light to import."""

import contextlib
import os
import pickle
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Forked(Generic[T]):
    """A copy of this process that does one thing and answers; leaving the context ends it if nobody has asked."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._answer, writing = os.pipe()
        self._is_asked = False
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                os.close(self._answer)
                with open(writing, "wb") as answer:  # noqa: PTH123 - a descriptor
                    pickle.dump(work(), answer)
                os._exit(0)
            os._exit(1)
        os.close(writing)

    def __enter__(self) -> "Forked[T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_asked:
            os.kill(self.pid, signal.SIGKILL)
            self.answer()

    def answer(self) -> T | None:
        """Wait for the end of the work and return what came of it, `None` if it failed; to be asked once."""
        self._is_asked = True
        with open(self._answer, "rb") as answer:  # noqa: PTH123 - a descriptor
            told = answer.read()
        _, status = os.waitpid(self.pid, 0)
        found: T | None = None if status else pickle.loads(told)  # noqa: S301 - from our own process
        return found
