"""Leaving the one who started this process behind; imports nothing heavy, so that it happens at once."""

import os
import signal
import sys


def receive_order() -> str:
    """Go on in a child process without a parent or a terminal, and return what was handed over on stdin.

    The process that was started ends here with exit code 0. The text is cut short if the giver ended too early.
    """
    if os.fork() != 0:
        os._exit(0)
    for unwanted in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(unwanted, signal.SIG_IGN)
    text = sys.stdin.read()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return text
