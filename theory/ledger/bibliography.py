"""The bibliography: one BibTeX entry a key, and nothing that was not used."""

_ENTRIES: dict[str, str] = {
    "alemohammad2024": r"""@inproceedings{alemohammad2024,
  title = {Self-Consuming Generative Models Go {MAD}},
  author = {Alemohammad, Sina and Casco-Rodriguez, Josue and Luzi, Lorenzo and Humayun, Ahmed Imtiaz
            and Babaei, Hossein and LeJeune, Daniel and Siahkoohi, Ali and Baraniuk, Richard G.},
  booktitle = {International Conference on Learning Representations}, year = {2024},
  eprint = {2307.01850}, archivePrefix = {arXiv}
}""",
    "anderson2003": r"""@book{anderson2003,
  title = {An Introduction to Multivariate Statistical Analysis},
  author = {Anderson, Theodore W.},
  publisher = {Wiley}, edition = {3}, year = {2003}
}""",
    "bertrand2024": r"""@inproceedings{bertrand2024,
  title = {On the Stability of Iterative Retraining of Generative Models on their own Data},
  author = {Bertrand, Quentin and Bose, Avishek Joey and Duplessis, Alexandre
            and Jiralerspong, Marco and Gidel, Gauthier},
  booktitle = {International Conference on Learning Representations}, year = {2024},
  eprint = {2310.00429}, archivePrefix = {arXiv}
}""",
    "cannings1974": r"""@article{cannings1974,
  title = {The latent roots of certain {Markov} chains arising in genetics: a new approach,
           {I}. Haploid models},
  author = {Cannings, Chris},
  journal = {Advances in Applied Probability}, volume = {6}, pages = {260--290}, year = {1974}
}""",
    "crow1970": r"""@book{crow1970,
  title = {An Introduction to Population Genetics Theory},
  author = {Crow, James F. and Kimura, Motoo},
  publisher = {Harper and Row}, address = {New York}, year = {1970}
}""",
    "dey2024": r"""@article{dey2024,
  title = {Universality of the $\pi^2/6$ Pathway in Avoiding Model Collapse},
  author = {Dey, Apratim and Donoho, David},
  year = {2024}, eprint = {2410.22812}, archivePrefix = {arXiv}
}""",
    "dohmatob2024": r"""@inproceedings{dohmatob2024,
  title = {Model Collapse Demystified: The Case of Regression},
  author = {Dohmatob, Elvis and Feng, Yunzhen and Kempe, Julia},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2024},
  eprint = {2402.07712}, archivePrefix = {arXiv}
}""",
    "ewens2004": r"""@book{ewens2004,
  title = {Mathematical Population Genetics {I}. Theoretical Introduction},
  author = {Ewens, Warren J.},
  publisher = {Springer}, edition = {2}, year = {2004}
}""",
    "feller1951": r"""@inproceedings{feller1951,
  title = {Diffusion processes in genetics},
  author = {Feller, William},
  booktitle = {Proceedings of the Second Berkeley Symposium on Mathematical Statistics
               and Probability},
  pages = {227--246}, year = {1951}
}""",
    "gerstgrasser2024": r"""@article{gerstgrasser2024,
  title = {Is Model Collapse Inevitable? {Breaking} the Curse of Recursion by Accumulating Real
           and Synthetic Data},
  author = {Gerstgrasser, Matthias and Schaeffer, Rylan and Dey, Apratim and Rafailov, Rafael
            and others},
  year = {2024}, eprint = {2404.01413}, archivePrefix = {arXiv}
}""",
    "gilpelaez1951": r"""@article{gilpelaez1951,
  title = {Note on the inversion theorem},
  author = {Gil-Pelaez, J.},
  journal = {Biometrika}, volume = {38}, number = {3--4}, pages = {481--482}, year = {1951}
}""",
    "griffiths1984": r"""@article{griffiths1984,
  title = {Asymptotic line-of-descent distributions},
  author = {Griffiths, Robert C.},
  journal = {Journal of Mathematical Biology}, volume = {21}, pages = {67--75}, year = {1984}
}""",
    "he2026": r"""@article{he2026,
  title = {Recursive Learning Without Collapse: a Weighting-Based Stabilization Framework},
  author = {He, Hengzhi and Xu, Shirong and Cheng, Guang},
  journal = {Journal of the Royal Statistical Society Series B}, year = {2026},
  eprint = {2502.18049}, archivePrefix = {arXiv}
}""",
    "kazdan2024": r"""@article{kazdan2024,
  title = {Collapse or Thrive? {Perils} and Promises of Synthetic Data in a Self-Generating World},
  author = {Kazdan, Joshua and Schaeffer, Rylan and Dey, Apratim and Gerstgrasser, Matthias
            and Rafailov, Rafael and Donoho, David L. and Koyejo, Sanmi},
  year = {2024}, eprint = {2410.16713}, archivePrefix = {arXiv}
}""",
    "mohle1999": r"""@article{mohle1999,
  title = {The concept of duality and applications to {Markov} processes arising in neutral
           population genetics models},
  author = {M{\"o}hle, Martin},
  journal = {Bernoulli}, volume = {5}, pages = {761--777}, year = {1999}
}""",
    "seddik2024": r"""@article{seddik2024,
  title = {How Bad is Training on Synthetic Data? {A} Statistical Analysis of Language Model
           Collapse},
  author = {Seddik, Mohamed El Amine and Chen, Suei-Wen and Hayou, Soufiane and Youssef, Pierre
            and Debbah, Merouane},
  year = {2024}, eprint = {2404.05090}, archivePrefix = {arXiv}
}""",
    "shumailov2024": r"""@article{shumailov2024,
  title = {{AI} models collapse when trained on recursively generated data},
  author = {Shumailov, Ilia and Shumaylov, Zakhar and Zhao, Yiren and Papernot, Nicolas
            and Anderson, Ross and Gal, Yarin},
  journal = {Nature}, volume = {631}, pages = {755--759}, year = {2024},
  eprint = {2305.17493}, archivePrefix = {arXiv}
}""",
    "suresh2024": r"""@article{suresh2024,
  title = {Rate of Model Collapse in Recursive Training},
  author = {Suresh, Ananda Theertha and Thangaraj, Andrew
            and Khandavally, Aditya Nanda Kishore},
  year = {2024}, eprint = {2412.17646}, archivePrefix = {arXiv}
}""",
    "wright1931": r"""@article{wright1931,
  title = {Evolution in {Mendelian} Populations},
  author = {Wright, Sewall},
  journal = {Genetics}, volume = {16}, number = {2}, pages = {97--159}, year = {1931}
}""",
}


def keys() -> tuple[str, ...]:
    """Every key of the bibliography."""
    return tuple(_ENTRIES)


def cite(*names: str) -> str:
    """BibTeX for theorems (by name) or bibliography keys; everything if none is given.

    Raises `ValueError` for a name that is neither.
    """
    from modelcollapse.theory.ledger.theorem import LEDGER

    wanted: list[str] = []
    for name in names or keys():
        if name in LEDGER:
            wanted.extend(LEDGER[name].source)
        elif name in _ENTRIES:
            wanted.append(name)
        else:
            raise ValueError(f"`cite({name!r})`: neither a theorem nor a key of the bibliography.")
    return "\n\n".join(_ENTRIES[key] for key in dict.fromkeys(wanted))
