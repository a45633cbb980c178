"""How the command line sets JAX up: settings that save time and change no result of a command.

JAX reads them when it is first imported, so the package imports it only inside commands.
"""

import contextlib
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

_WIDE = "--xla_cpu_prefer_vector_width"


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Compiled programs are kept between commands, and processors with 512-bit vectors use them.

    What the user has set stays: `JAX_COMPILATION_CACHE_DIR` says where programs are kept (empty: not
    at all), and a vector width in `XLA_FLAGS` is left alone. Too late once JAX is imported."""
    if "jax" in sys.modules:
        return
    folder = _cache_home(environment) / "modelcollapse" / "programs"
    # Where none can be made, programs are compiled anew.
    with contextlib.suppress(OSError):
        if "JAX_COMPILATION_CACHE_DIR" not in environment:
            folder.mkdir(parents=True, exist_ok=True)
            environment["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    if environment.get("JAX_COMPILATION_CACHE_DIR"):
        environment.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
        environment.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "0")
    flags = environment.get("XLA_FLAGS", "")
    if _has_wide_vectors() and _WIDE not in flags:
        environment["XLA_FLAGS"] = f"{flags} {_WIDE}=512".strip()


def _cache_home(environment: MutableMapping[str, str]) -> Path:
    given = environment.get("XDG_CACHE_HOME", "")
    return Path(given) if given else Path.home() / ".cache"


def _has_wide_vectors() -> bool:
    try:
        return "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
