"""The README does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelcollapse.cli import app
from modelcollapse.cli.theorems import as_markdown, ledger

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_first_example_runs_as_written_and_prints_verdicts(capsys):
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    assert len(example.splitlines()) <= 12
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert re.search(r"gaussian_replace_variance\s+supported", printed)
    assert "refuted" not in printed
    assert "not judged" in printed
    assert len(names["mc"].plot(names["run"]).axes) > 3


@pytest.mark.parametrize(
    "line",
    [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/modelcollapse reproduce",
        ".venv/bin/python -m pytest",
        "apt-get install python3-venv",
    ],
)
def test_the_set_up_is_said_word_for_word(line):
    assert line in README


def test_the_commands_exist():
    named = set(re.findall(r"^\| `modelcollapse (\w+)", README, re.MULTILINE))
    registered = {command.name for command in app.registered_commands}
    assert named == registered


def test_the_table_of_theorems_is_current():
    table = README.split("<!-- theorems:begin -->\n")[1].split("<!-- theorems:end -->")[0]
    assert table.strip() == as_markdown(ledger()), (
        "put the output of `modelcollapse theorems --markdown` between the markers"
    )


def test_plain_numbers_and_citations_work_as_said():
    import modelcollapse as mc

    assert mc.theory.gaussian.replace.variance(n=100, t=50) == pytest.approx(0.99**50)
    assert "@article{shumailov2024" in mc.cite("gaussian_replace_variance")


def test_the_package_is_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "modelcollapse", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    import modelcollapse

    assert done.stdout.strip() == modelcollapse.__version__
