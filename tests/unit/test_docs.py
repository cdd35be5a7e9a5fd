"""What the documents promise is there: files, targets, options, keys."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from celerytui import __version__
from celerytui.control import ACTIONS, GROUPS
from celerytui.demo.sample import NOW, sample_store
from celerytui.document import snapshot_document
from celerytui.health import DETECTORS, Health
from celerytui.model import Link, TaskState
from celerytui.settings import OPTIONS
from celerytui.ui.keys.registry import KEYS as STATIC_KEYS
from celerytui.ui.keys.registry import key_name
from celerytui.ui.views.registry import VIEW_KEYS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS = (*VIEW_KEYS, *STATIC_KEYS)
CONTROL = {"state": "answered", "error": None}
ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text()
LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def section(title: str) -> str:
    """One section of the README, without its subsections' titles."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the README has no section {title!r}"
    return found[1]


def first_cells(table: str) -> list[str]:
    """The first cell of each row, without the head."""
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    return [row.split("|")[1].strip() for row in rows[1:]]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    broken = [link for link in targets if not (document.parent / link.partition("#")[0]).exists()]
    assert broken == []


def test_the_readme_opens_with_a_picture_and_two_commands() -> None:
    assert README.startswith("![")
    assert LINK.findall(README)[0] == "screenshots/dashboard.svg"
    commands = re.findall(r"^(make [a-z]+)", README, re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


def test_the_figures_in_the_readme_are_those_that_were_measured() -> None:
    measured = (ROOT / "benchmarks" / "RESULTS.md").read_text().split()
    figures = re.findall(r"(?<=\| )[\d,]+(?= \|)", section("At any size"))
    assert len(figures) == 15
    assert [figure for figure in figures if figure not in measured] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", (ROOT / name).read_text(), re.MULTILINE))
    assert named
    assert named <= targets


def test_the_readme_names_every_make_target() -> None:
    for target in TARGET.findall((ROOT / "Makefile").read_text()):
        assert f"make {target}" in README


def test_every_file_that_the_makefile_runs_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    files = re.findall(r"/python ([\w/]+\.py)", makefile)
    modules = re.findall(r"/python -m (benchmarks[\w.]*)", makefile)
    files += [module.replace(".", "/") + ".py" for module in modules]
    assert len(files) >= 2
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_make_help_lists_every_target() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  make ([a-z-]+)", told.stdout, re.MULTILINE))
    assert listed == set(TARGET.findall((ROOT / "Makefile").read_text()))


def test_the_options_are_all_in_the_readme_and_no_others() -> None:
    told = set(re.findall(r"`(?:-Q`, `)?(--[a-z-]+)", "\n".join(first_cells(section("Options")))))
    flags = {flag for option in OPTIONS for flag in option.flags}
    spelled = {part for flag in flags if flag.startswith("--") for part in flag.split("/")}
    assert told <= spelled
    for option in OPTIONS:
        if option.flags:
            assert told & set(option.flags[-1].split("/")), option.name


def test_the_defaults_in_the_readme_are_the_defaults() -> None:
    options = {option.flags[-1]: option.default for option in OPTIONS if option.flags}
    told = dict(re.findall(r"`(--[a-z-]+) [A-Z]+` \|[^|\n]*\((\d[\d.]*)s?[;)]", section("Options")))
    assert told["--max-tasks"] == "100000"
    assert {flag: float(text) for flag, text in told.items()} == {
        flag: options[flag] for flag in told
    }


def test_the_keys_in_the_readme_are_the_keys() -> None:
    known = {key_name(key) for entry in KEYS for key in entry.keys.split(",")}
    acting = {one.key: one.id for one in ACTIONS if one.key} | {one.key: one.id for one in GROUPS}
    known |= set(acting)
    cells = " ".join(first_cells(section("Keys")))
    told = set(re.findall(r"`([^`]+)`", cells))
    assert len(told) > 25
    assert told - known == set()
    assert [id for key, id in acting.items() if key not in told] == []


def test_the_config_example_names_real_settings_and_bindings() -> None:
    found = re.search(r"```toml\n(.*?)```", section("Options"), re.DOTALL)
    assert found is not None
    example = tomllib.loads(found[1])
    keys = example.pop("keys")
    assert set(example) <= {option.key for option in OPTIONS}
    assert set(keys) <= {key.id for key in KEYS}


COUNTED = ("by_state", "states")


def keys_of(value: Any) -> set[str]:
    """Every key of a document, at any depth, but for the states that are counted."""
    if isinstance(value, dict):
        deeper = [keys_of(inner) for key, inner in value.items() if key not in COUNTED]
        return set(value).union(*deeper)
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def test_the_snapshot_document_in_the_readme_is_the_real_one() -> None:
    store = sample_store()
    alerts = Health(store).evaluate(Link(), NOW)
    tasks = store.all_tasks()[:1]
    document = snapshot_document(store, alerts, Link(), CONTROL, "shop", "", "", 1.0, tasks, NOW)
    shape = re.findall(r"```\n(celerytui .*?)```", section("Without a screen"), re.DOTALL)
    assert set(re.findall(r"[a-z_]+[0-9]*", shape[0])) == keys_of(document)


def test_the_states_of_the_document_are_in_the_readme() -> None:
    said = re.findall(r"`([A-Z]{4,})`", section("Without a screen"))
    assert said == [state.constant for state in TaskState]
    document = snapshot_document(sample_store(), [], Link(), CONTROL, "shop", "", "", 1.0, [], NOW)
    assert list(document["tasks"]["by_state"]) == said
    assert {*document["types"][0]["states"]} < {*said}


def test_the_alerts_in_the_readme_are_those_that_there_are() -> None:
    said = set(re.findall(r"`([a-z]+\.[a-z]+)`", section("Without a screen")))
    assert said == {detector.id for detector in DETECTORS}


def test_the_changelog_has_the_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_licence_is_the_one_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "BSD-3-Clause"
    assert (ROOT / "LICENSE").read_text().startswith("BSD 3-Clause License")


PAGES = sorted(path.name for path in ROOT.glob("docs/*.md") if path.name != "README.md")


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_in_the_readme_and_in_the_index(page: str) -> None:
    assert f"(docs/{page})" in section("More")
    assert f"({page})" in (ROOT / "docs" / "README.md").read_text()


def test_what_the_readme_installs_is_the_clone() -> None:
    lines = re.findall(r"^(?:uvx|pipx|pip) [^#\n]*", README, re.MULTILINE)
    lines += re.findall(r"`((?:uvx|pipx|pip) [^`]*)`", README)
    assert len(lines) >= 4
    # The name is on no index yet.
    assert [one for one in lines if not re.search(r" '?\.(\[redis\]')?(?: |$)", one)] == []


def test_the_readme_begins_with_what_is_sent_and_how_to_send_nothing() -> None:
    top = README.partition("```")[0]
    assert "`--read-only`" in top
    assert "(#what-it-does-to-your-cluster)" in top
