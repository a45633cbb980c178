"""The command line keeps its contract: exit status, one line for bad input, nothing half-written."""

import errno
import json
import os
import re
import types

import pytest
from matplotlib.figure import Figure

from modelcollapse.cli import run
from modelcollapse.cli.outputs import Outputs
from modelcollapse.figures.protocol import Plan
from modelcollapse.figures.registry import FIGURES
from modelcollapse.figures.trial import try_theorems
from modelcollapse.sims import Run
from modelcollapse.sims.verdicts import Comparison, Verdict, verify
from modelcollapse.theory import Categorical, Gaussian, Loop, Replace
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.observables import Support, Variance

LOOP = Loop(Gaussian(), Replace(n=10))


def verdict(outcome):
    comparison = Comparison(
        theorem="gaussian_replace_variance",
        parameters={"n": 10},
        generation=3,
        column="variance",
        predicted=0.729,
        simulated=0.73,
        se=0.01,
        statistic=0.1,
        p=float("nan"),
        resolution=0.05,
        verdict=outcome,
        test="none",
    )
    return Verdict("gaussian_replace_variance", LOOP, outcome, (comparison,), "why", 100, 1, {})


@pytest.fixture
def outcomes(monkeypatch):
    """What `verify` returns, instead of simulating."""
    wanted = []

    def instead(*_, **__):
        return [verdict(outcome) for outcome in wanted]

    monkeypatch.setattr("modelcollapse.sims.verdicts.verify", instead)
    monkeypatch.setattr("modelcollapse.figures.trial.try_theorems", instead)
    return wanted


def tiny(draw=lambda runs: Figure(), plans=None, theorems=("gaussian_replace_variance",)):
    plans = plans or {"only": Plan(LOOP, 3, 16, (Variance(),), record=(1, 2, 3))}
    return types.SimpleNamespace(
        TITLE="A title & more",
        CAPTION="A caption.",
        THEOREMS=theorems,
        plans=lambda scale: plans,
        draw=draw,
    )


@pytest.fixture
def figures(monkeypatch):
    """The figures, replaced by none."""
    for name in list(FIGURES):
        monkeypatch.delitem(FIGURES, name)
    return lambda name, figure: monkeypatch.setitem(FIGURES, name, figure)


BAD = {
    "unknown command": (["verfy"], "verify"),
    "unknown option": (["verify", "--nope"], "--nope"),
    "unknown theorem": (
        ["verify", "--theorem", "gaussian_replace_varianc"],
        "'gaussian_replace_varianc' .* near: gaussian_replace_variance",
    ),
    "zero chains": (["verify", "--chains", "0"], "--chains .* from 2 to 4294967295; got '0'"),
    "chains not a number": (["verify", "--chains", "many"], "--chains .* from 2 .* got 'many'"),
    "too many chains": (["verify", "--chains", str(2**32)], "--chains .* to 4294967295"),
    "negative seed": (["verify", "--seed", "-1"], "--seed .* from 0 to"),
    "two seeds": (["verify", "--seed", "1", "--fresh-seeds"], "--seed and --fresh-seeds"),
    "unknown format": (["verify", "--format", "xml"], "--format.*'xml'.*'table', 'json'"),
    "two formats": (["theorems", "--markdown", "--format", "json"], "--markdown and --format"),
    "unknown figure": (["reproduce", "wrods"], "'wrods' .* near: words"),
    "two scales": (["reproduce", "--quick", "--full"], "--quick and --full"),
    "no value": (["reproduce", "--out"], "--out"),
}


@pytest.mark.parametrize(("arguments", "told"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_status_2(arguments, told, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(rf"modelcollapse: .*{told}.*\n", printed.err)
    assert not list(tmp_path.iterdir())


def test_an_output_folder_that_cannot_be_used_is_refused_first(capsys, tmp_path, figures):
    figures("one", tiny(draw=lambda runs: pytest.fail("computed before the folder was tried")))
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert run(["reproduce", "--out", str(out)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("modelcollapse: --out must be a folder that can be written to; got")
        assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_missing_data_are_bad_input(capsys, monkeypatch, tmp_path):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.resources.files", absent)
    assert run(["reproduce", "words", "--out", str(tmp_path / "out")]) == 2
    assert "modelcollapse[data]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_no_command_shows_help(capsys):
    assert run([]) == 0
    assert "reproduce" in capsys.readouterr().out


def test_theorems_as_json_has_the_promised_fields(capsys):
    assert run(["theorems", "--format", "json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == list(LEDGER)
    promised = "name statement kind gives families regimes channels observable assumptions source"
    for entry in entries:
        assert set(entry) >= {*promised.split(), "proof", "rows", "figures", "status"}
        assert entry["rows"] > 0
    shown = {entry["name"]: entry["figures"] for entry in entries}
    assert "gaussian_variance" in shown["gaussian_replace_variance"]


def test_theorems_as_a_table_fits_a_terminal(capsys):
    assert run(["theorems"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert all(any(line.startswith(name) for line in lines) for name in LEDGER)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (["supported", "supported"], 0),
        (["supported", "inconclusive"], 1),
        (["refuted"], 1),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_verify_exits_by_its_verdicts(wanted, status, form, outcomes, capsys):
    outcomes.extend(wanted)
    assert run(["verify", "--format", form]) == status
    printed = capsys.readouterr().out
    if form == "json":
        records = json.loads(printed)
        assert [record["verdict"] for record in records] == wanted
        promised = "theorem parameters generation predicted simulated se statistic p resolution"
        assert all(set(record) >= {*promised.split(), "verdict"} for record in records)
        assert records[0]["p"] is None
    else:
        assert all(outcome in printed for outcome in wanted)


def test_verify_judges_real_chains(capsys):
    name = "gaussian_replace_precision"
    assert run(["verify", "--theorem", name, "--format", "json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert {record["theorem"] for record in records} == {name}
    assert {record["outcome"] for record in records} == {"supported"}


def test_reproduce_writes_figures_data_verdicts_and_one_report(tmp_path, figures, outcomes, capsys):
    outcomes.append("supported")
    figures("one", tiny())
    figures("two", tiny())
    out = tmp_path / "deep" / "out"
    assert run(["reproduce", "--out", str(out)]) == 0
    written = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert written == [
        "data/one-only.nc",
        "data/two-only.nc",
        "one.png",
        "one.svg",
        "report.html",
        "two.png",
        "two.svg",
        "verdicts.json",
    ]
    assert Run.load(out / "data" / "one-only.nc").chains == 16
    page = (out / "report.html").read_text()
    assert "A title &amp; more" in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "gaussian_replace_variance" in page
    assert str(out / "report.html") in capsys.readouterr().out


def test_reproduce_judges_the_first_row_of_what_it_shows():
    assert try_theorems({"gaussian_replace_precision"}, 0, stopped=lambda: True) == []
    (found,) = try_theorems({"gaussian_replace_precision"}, 0)
    (same, *_) = verify(["gaussian_replace_precision"], seed=0)
    assert found.as_dict() == same.as_dict()


def test_reproduce_draws_only_what_is_named_and_fails_with_its_verdicts(
    tmp_path, figures, outcomes
):
    outcomes.append("refuted")
    figures("one", tiny())
    figures("two", tiny())
    assert run(["reproduce", "two", "--quick", "--out", str(tmp_path)]) == 1
    assert not (tmp_path / "one.png").exists()
    assert (tmp_path / "two.png").exists()


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_figure_leaves_the_finished_ones_and_nothing_half_written(
    problem, tmp_path, figures, outcomes
):
    def breaks(runs):
        raise problem

    figures("one", tiny())
    figures("two", tiny(draw=breaks))
    if problem is KeyboardInterrupt:
        assert run(["reproduce", "--out", str(tmp_path)]) == 130
    else:
        with pytest.raises(RuntimeError):
            run(["reproduce", "--out", str(tmp_path)])
    written = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert written == ["one-only.nc", "one.png", "one.svg"]


def test_a_disk_that_fills_up_is_one_line_and_what_was_finished_stays(
    tmp_path, figures, outcomes, capsys
):
    def fills(runs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    figures("one", tiny())
    figures("two", tiny(draw=fills))
    assert run(["reproduce", "--out", str(tmp_path)]) == 2
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("modelcollapse:")]
    assert "no space left on device" in line
    written = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert written == ["one-only.nc", "one.png", "one.svg"]


def test_reproduce_judges_its_own_runs(tmp_path, figures, outcomes):
    """A run of four chains, whose law theory bounds."""
    outcomes.append("supported")
    loop = Loop(Categorical.zipf(2000), Replace(n=20_000))
    plans = {"few": Plan(loop, 2, 4, (Support(),), (1, 2))}
    name = "categorical_replace_support_closure"
    figures("one", tiny(plans=plans, theorems=(name,)))
    assert run(["reproduce", "--out", str(tmp_path)]) == 0
    own = [r for r in json.loads((tmp_path / "verdicts.json").read_text()) if "run" in r]
    assert {(r["run"], r["theorem"], r["verdict"]) for r in own} == {("one-few", name, "supported")}
    assert "Verdicts on these runs" in (tmp_path / "report.html").read_text()


def test_a_folder_that_stays_empty_is_removed_again(tmp_path):
    outputs = Outputs(tmp_path / "a" / "b")

    def half_way():
        with outputs.staged() as draft:
            (draft / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_way()
    outputs.close()
    assert not list(tmp_path.iterdir())
