"""What ``observe`` says: keys of ``[observe]`` in the catalogues, and what is wrong in a cell."""

from __future__ import annotations

from sdensemble.lang import say


def tell(key: str, lang: str, **values: object) -> str:
    """Return one of the sentences of ``[observe]`` filled in."""
    return say(f"observe.{key.replace(' ', '_')}", lang, **values)


class Bad(ValueError):
    """Something wrong in a cell: a key of ``[observe]`` and what fills it."""

    def __init__(self, key: str, **values: object):
        super().__init__(key)
        self.key, self.values = key, values

    def said(self, lang: str) -> str:
        """Return it in a language."""
        return tell(self.key, lang, **self.values)
