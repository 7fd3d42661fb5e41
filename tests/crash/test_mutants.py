"""The mutations still fit the code that they break."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crash.errand_mutations import ERRAND_MUTATIONS, ERRANDS_SEEN_BY_TESTS
from crash.mutants import Sighting, copy_tree, table
from crash.mutations import MUTATIONS, SEEN_BY_TESTS, Change, Mutation
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree."""
    folder = tmp_path_factory.mktemp("tree")
    copy_tree(folder)
    return folder


@pytest.fixture
def mutant(tree: Path, mutation: Mutation) -> Iterator[Path]:
    """The copy, with this mutation until the test ends."""
    mutation.apply(tree)
    yield tree
    for change in mutation.changes:
        shutil.copy(ROOT / change.file, tree / change.file)


@pytest.mark.stack
@pytest.mark.parametrize(
    "mutation",
    [*MUTATIONS, *ERRAND_MUTATIONS, *SEEN_BY_TESTS, *ERRANDS_SEEN_BY_TESTS],
    ids=lambda mutation: mutation.name,
)
def test_a_mutation_applies_to_a_copy_of_the_tree_and_leaves_code_that_compiles(
    mutation: Mutation, mutant: Path
) -> None:
    for file in {change.file for change in mutation.changes}:
        mutated = (mutant / file).read_text(encoding="utf-8")
        assert mutated != (ROOT / file).read_text(encoding="utf-8")
        if file.endswith(".py"):
            compile(mutated, file, "exec")
    # Importing the application shows that the names in it exist.
    command = [sys.executable, "-c", "import wsgi; print(wsgi.__file__)"]
    done = subprocess.run(command, cwd=mutant, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(mutant / "wsgi.py")


@pytest.mark.nightly
@pytest.mark.stack
@pytest.mark.parametrize("mutation", [*SEEN_BY_TESTS, *ERRANDS_SEEN_BY_TESTS], ids=lambda mutation: mutation.name)
def test_a_mutation_that_the_harness_cannot_detect_fails_its_tests(mutation: Mutation, tmp_path: Path) -> None:
    copy_tree(tmp_path)
    mutation.apply(tmp_path)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", mutation.tests]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout


def test_a_stale_mutation_is_reported(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("one\none\n", encoding="utf-8")
    for text in ("one\n", "two\n"):
        with pytest.raises(ValueError, match=r"code\.py holds [02] times"):
            Mutation("no fit", (Change("code.py", text, ""),)).apply(tmp_path)


def test_the_table_shows_which_mutations_were_detected() -> None:
    text = table([Sighting("this", "sqlite", 3, "2 lost"), Sighting("that", "sqlite", 20, "")])
    assert "| this | sqlite | 3 | 2 lost |" in text
    assert "| that | sqlite | none of 20 | nothing |" in text
