"""The figures, by name."""

from modelcollapse.figures import diversity, gaussian_distance, gaussian_variance, words
from modelcollapse.figures.protocol import FigureModule

FIGURES: dict[str, FigureModule] = {
    "gaussian_variance": gaussian_variance,
    "gaussian_distance": gaussian_distance,
    "words": words,
    "diversity": diversity,
}


def figures_of(theorem: str) -> tuple[str, ...]:
    """Names of the figures that show a theorem."""
    return tuple(name for name, figure in FIGURES.items() if theorem in figure.THEOREMS)
