"""What the command line sets up before JAX is imported."""

import json
import os
import subprocess
import sys

_ASK = (
    "import json; from modelcollapse.cli.environment import prepare; "
    "given = json.loads(input()); prepare(given); print(json.dumps(given))"
)


def prepared(**given):
    """The environment after `prepare`, in a process that has not imported JAX."""
    found = subprocess.run(
        [sys.executable, "-c", _ASK],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(found.stdout)


def test_programs_are_kept_where_caches_are(tmp_path):
    found = prepared(XDG_CACHE_HOME=str(tmp_path))
    assert found["JAX_COMPILATION_CACHE_DIR"] == os.path.join(tmp_path, "modelcollapse", "programs")
    assert float(found["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"]) < 1


def test_without_a_place_nothing_is_kept():
    assert "JAX_COMPILATION_CACHE_DIR" not in prepared(XDG_CACHE_HOME="/proc/none")


def test_what_the_user_set_stays():
    assert "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in prepared(
        JAX_COMPILATION_CACHE_DIR=""
    )
    assert prepared(JAX_COMPILATION_CACHE_DIR="/x")["JAX_COMPILATION_CACHE_DIR"] == "/x"
    flags = "--xla_cpu_prefer_vector_width=256 --xla_cpu_enable_fast_math=false"
    assert prepared(XLA_FLAGS=flags)["XLA_FLAGS"] == flags


def test_a_command_keeps_its_programs(tmp_path):
    command = [sys.executable, "-m", "modelcollapse", "verify", "--chains", "64"]
    command += ["--theorem", "gaussian_replace_precision"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLA_"))}
    environment = clean | {"XDG_CACHE_HOME": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert found.returncode in (0, 1), found.stderr
    assert list((tmp_path / "modelcollapse" / "programs").iterdir())
