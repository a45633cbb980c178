"""Coq's own account of the files: compiled, then asked from outside what was proved, and from what.

After a theorem or a definition has been changed on purpose, and its twin in Python too, run
`python tests/coq_compiler.py`: it writes `tests/proofs/coq_statements.txt` anew, to be read as a diff.
"""

import concurrent.futures
import graphlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from modelcollapse.proofs import coq

SNAPSHOT = Path(__file__).parent / "proofs" / "coq_statements.txt"
CLOSED = "Closed under the global context"
_DEFINED = re.compile(r"(?:^|\. )(?:Definition|Fixpoint|Record|Inductive) (\w+)")


def run_coqc(path, folder):
    """What coqc prints for a copy of the file in the folder."""
    shutil.copy(path, folder)
    command = ["coqc", "-q", "-w", "none", "-Q", ".", "ModelCollapse", path.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{path.name}: {done.stdout}{done.stderr}"
    return done.stdout


def compiled(folder):
    """What coqc prints, by file: two files at a time, each after those that it imports."""
    order = graphlib.TopologicalSorter(coq.imports())
    order.prepare()
    output, running = {}, {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        while order.is_active():
            running |= {pool.submit(run_coqc, path, folder): path for path in order.get_ready()}
            done, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                path = running.pop(future)
                output[path.name] = future.result()
                order.done(path)
    return output


def theorems():
    """The full name of every headline theorem."""
    return [f"{Path(item.file).stem}.{name}" for name, item in coq.HEADLINES.items()]


def definitions():
    """The full name of everything that the files define."""
    return [
        f"{path.stem}.{name}"
        for path in coq.in_order()
        for name in _DEFINED.findall(" ".join(coq.without_comments(path.read_text()).split()))
    ]


def asked(questions, folder):
    """Coq's answers to `questions`, commands by key, in a file of its own that reads all the others.

    The others are required, not imported: none of their notations and settings changes the print."""
    lines = ["From mathcomp Require Import all_ssreflect all_algebra ring."]
    lines += [f"From ModelCollapse Require {path.stem}." for path in sorted(folder.glob("*.v"))]
    lines += ["Local Open Scope ring_scope."]
    for key, command in questions.items():
        lines += [f'Goal True. idtac "@@ {key}". Abort.', command]
    with tempfile.TemporaryDirectory() as place:
        asking = Path(place) / "asking.v"
        asking.write_text("\n".join(lines) + "\n")
        command = ["coqc", "-q", "-w", "none", "-Q", str(folder), "ModelCollapse", asking.name]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    answers = dict(part.split("\n", 1) for part in done.stdout.split("@@ ")[1:])
    assert list(answers) == list(questions)
    return answers


def assumptions(names, folder):
    """What each theorem rests on, as Coq prints it, by name."""
    questions = {name: f"Print Assumptions ModelCollapse.{name}." for name in names}
    return {name: text.strip() for name, text in asked(questions, folder).items()}


def transcript(folder):
    """Every headline's type, all hypotheses included, and every definition, as Coq prints them."""
    questions = {name: f"Check @ModelCollapse.{name}." for name in theorems()}
    questions |= {name: f"Print ModelCollapse.{name}." for name in definitions()}
    answers = asked(questions, folder)
    return "\n".join(f"# {key}\n{text.strip()}\n" for key, text in answers.items())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        compiled(Path(place))
        SNAPSHOT.write_text(transcript(Path(place)))
