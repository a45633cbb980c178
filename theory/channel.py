"""Channels: what happens between a model and the training set made from it."""

import equinox as eqx


class AbstractChannel(eqx.Module):
    """A transformation of a model's output on its way into the next training set."""


class Faithful(AbstractChannel):
    """The model's output enters the training set as it was drawn."""
