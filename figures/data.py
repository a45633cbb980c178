"""Real data that ship inside packages."""

import importlib.resources

import numpy as np


class MissingDataError(ImportError):
    """A data package is not installed; the message names the extra that brings it."""


def word_counts() -> tuple[list[str], np.ndarray]:
    """English words and how often each occurs: 82,834 words, float64 counts.

    From the frequency dictionary of symspellpy (Google Books n-grams cut to an open word list). The
    list is truncated from below: its rarest word still counts 12,714, so the true tail is missing.
    Raises `MissingDataError` if symspellpy is not installed.
    """
    try:
        folder = importlib.resources.files("symspellpy")
    except ModuleNotFoundError as error:
        raise MissingDataError(
            "word counts need the package symspellpy: pip install 'modelcollapse[data]'"
        ) from error
    text = folder.joinpath("frequency_dictionary_en_82_765.txt").read_text("utf-8-sig")
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if line.strip()]
    return [word for word, _ in rows], np.array([int(count) for _, count in rows], dtype=float)
