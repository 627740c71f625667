"""What is wrong in a cell or a file: a key of ``[observe]`` in the catalogues and its values."""

from __future__ import annotations

from sdensemble.lang import Phrase, Worded, phrase


def sentence(key: str, **values: object) -> Phrase:
    """Return a phrase of ``[observe]``; blanks in the key stand for underscores."""
    return phrase(f"observe.{key.replace(' ', '_')}", **values)


class Bad(ValueError):
    """Something wrong in a cell: a key of ``[observe]`` and what fills it."""

    def __init__(self, key: str, **values: object):
        super().__init__(key)
        self.key, self.values = key, values

    @property
    def message(self) -> Worded:
        """What to tell a person."""
        return Worded(sentence(self.key, **self.values))
