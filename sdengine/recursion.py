"""Room for equations that are nested deeply: parsers and walks of trees recurse."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

LEVELS = 200_000
STACK = 512 * 1024 * 1024  # bytes of address space, touched only as far as needed
T = TypeVar("T")

_lock = threading.RLock()
_inside = threading.local()


def deeply(function: Callable[..., T], *args: Any) -> T:
    """Return ``function(*args)``, called on a thread with a large stack.

    Raises RecursionError where that is not enough either.
    """
    if getattr(_inside, "yes", False):
        return function(*args)
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        _inside.yes = True
        try:
            result.append(function(*args))
        except BaseException as error:
            failure.append(error)

    with _lock:
        limit, size = sys.getrecursionlimit(), threading.stack_size(STACK)
        sys.setrecursionlimit(max(limit, LEVELS))
        try:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        finally:
            threading.stack_size(size)
            sys.setrecursionlimit(limit)
    if failure:
        raise failure[0]
    return result[0]
