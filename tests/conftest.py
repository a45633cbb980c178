"""What every test runs under: shapes checked, one seed a test, no windows, few compilations.

The suite runs in several processes, pytest-xdist's workers. They share the base seed, which the
process that starts them draws, and the budget of compilations, which that process adds up.
"""

import gc
import secrets
import zlib
from pathlib import Path

import jax
import matplotlib as mpl
import pytest
from jaxtyping import config, install_import_hook

mpl.use("Agg")
# Before anything imports the package, or its annotations would go unchecked.
install_import_hook("modelcollapse", "beartype.beartype")

#: Programs that XLA may compile in one run of the whole suite, in all its processes: its budget of time.
#: A thousand or so are small ones that a process compiles again after it has forgotten them.
MOST_COMPILATIONS = 6_500

#: Mappings of memory above which a process forgets its compiled programs. XLA keeps hundreds for a block
#: of chains on the CPU, and Linux grants 65,530 (vm.max_map_count): with one more, LLVM dies of a
#: segmentation fault. Far fewer are allowed here, because all of them take up memory.
MOST_MAPPINGS = 20_000
_MAPPINGS = Path("/proc/self/maps")

#: The base of every test's seed, unless `--fresh-seeds` draws another.
SEED = 20_240_724

_BACKEND_COMPILE = "/jax/core/compile/backend_compile_duration"
_base = pytest.StashKey[int]()
_compiled: list[float] = []


def _count(event: str, duration: float, **_: object) -> None:
    if event == _BACKEND_COMPILE:
        _compiled.append(duration)


jax.monitoring.register_event_duration_secs_listener(_count)


def pytest_addoption(parser):
    parser.addoption(
        "--fresh-seeds",
        action="store_true",
        help="draw a new base seed, to show that the false-alarm budget is honest",
    )


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.stash[_base] = config.workerinput["base_seed"]
    else:
        fresh = config.getoption("--fresh-seeds")
        config.stash[_base] = secrets.randbelow(2**31) if fresh else SEED


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["base_seed"] = node.config.stash[_base]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    _compiled.extend(getattr(node, "workeroutput", {}).get("compiled", []))


def pytest_report_header(config):
    return f"base seed: {config.stash[_base]}"


@pytest.fixture
def seed(request):
    """A seed of the test's own: adding or dropping a test changes no other's."""
    name = f"{request.node.path.name}::{request.node.name}"
    return (request.config.stash[_base] + zlib.crc32(name.encode())) % 2**32


@pytest.fixture
def key(seed):
    """The test's own typed JAX key."""
    return jax.random.key(seed)


@pytest.fixture(scope="session")
def base_seed(request):
    """The seed of what the whole session shares."""
    return request.config.stash[_base] % 2**32


@pytest.fixture
def unhooked():
    """The package as users run it: its own messages for bad input, not the type checker's."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture
def compilations():
    """A function that says how many programs XLA has compiled since the test began."""
    before = len(_compiled)
    return lambda: len(_compiled) - before


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """Programs are forgotten between two tests, so that none sees its own compiled twice."""
    if _MAPPINGS.exists() and _MAPPINGS.read_bytes().count(b"\n") > MOST_MAPPINGS:
        jax.clear_caches()
        gc.collect()


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        f"{len(_compiled)} programs compiled in {sum(_compiled):.0f} s "
        f"(at most {MOST_COMPILATIONS} allowed)",
        red=len(_compiled) > MOST_COMPILATIONS,
    )


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["compiled"] = _compiled
    elif len(_compiled) > MOST_COMPILATIONS and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
