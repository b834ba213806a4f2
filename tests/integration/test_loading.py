"""The files are read by a process of its own (D1, O1), and what runs for months has only loaded what it needs."""

import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from component import loading
from component.config.configuration import load_settings
from component.config.directory_file import load_directories
from component.config.problems import ConfigError, DirectoryError, LoadError
from component.loading import load
from component.model import Team

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "DESKBRIDGE_XMPP_SECRET"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's, in a folder of their own."""
    monkeypatch.setenv(SECRET, "hush")
    for file in EXAMPLES.glob("*.*"):
        (tmp_path / file.name).write_text(file.read_text())
    return tmp_path / "deskbridge.toml"


def test_what_the_process_read_is_what_the_files_say(files: Path) -> None:
    settings, world = load(files)
    assert settings == load_settings(files)
    directories = load_directories(settings)
    assert [(tenant, world.directory(tenant)) for tenant in world.tenants] == directories
    for _, directory in directories:
        assert directory.people


def test_what_was_read_cannot_be_changed(files: Path) -> None:
    _, world = load(files)
    directory = world.directory(world.tenants[0])
    with pytest.raises(TypeError):
        directory.groups["sales"] = Team("sales", "Everybody", watch=True)  # type: ignore[index]


def test_every_problem_of_the_configuration_is_told(files: Path) -> None:
    files.write_text(files.read_text().replace("mode = 3", "mode = 4").replace("[storage]", "[storrage]"))
    with pytest.raises(ConfigError) as here:
        load_settings(files)
    with pytest.raises(ConfigError) as told:
        load(files)
    assert len(told.value.problems) > 1
    assert str(told.value) == str(here.value)


def test_every_problem_of_the_directories_is_told(files: Path) -> None:
    with (files.parent / "acme.toml").open("a") as directory:
        directory.write('\n[[people]]\nname = "Nobody"\nagent = "a b"\n\n[[people]]\nwork = "c"\n')
    with pytest.raises(DirectoryError) as here:
        load_directories(load_settings(files))
    with pytest.raises(DirectoryError) as told:
        load(files)
    assert len(told.value.problems) == 2
    assert str(told.value) == str(here.value)


def test_what_is_unwise_is_logged(
    files: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(SECRET)
    secret = files.parent / "component.secret"
    secret.write_text("hush\n")
    secret.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert load(files)[0].xmpp.secret == "hush"
    assert "every user of this machine can read the secret" in caplog.text


def test_a_process_that_breaks_off_changes_nothing(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload is refused then, like any other that cannot be (D1)."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LoadError, match=r"deskbridge\.toml: could not be read"):
        load(files)


def test_a_reading_that_does_not_end_is_ended(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: a reload that waits for a disk for ever would keep all others waiting."""
    monkeypatch.setattr(loading, "SECONDS", 0.01)
    with pytest.raises(LoadError, match=r"could not be read, with its directories, within 0\.01 s"):
        load(files)


def test_what_takes_too_much_memory_is_refused(files: Path) -> None:
    """R2: nobody else is short of it because a directory has no end."""
    (files.parent / "people.csv").write_bytes(b"name\n" + b"a\n" * 2_000_000)
    directory = files.parent / "acme.toml"
    directory.write_text(f'people_csv = "people.csv"\n{directory.read_text()}')
    done = subprocess.run(
        ["sh", "-c", f"ulimit -v 300000; exec {sys.executable} -m component.loading {files}"],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert "are too much to read" in str(pickle.loads(done.stdout))


def test_the_reader_of_one_who_has_ended_says_nothing(files: Path) -> None:
    """As when deskbridge is killed while it loads."""
    reader = subprocess.Popen(
        [sys.executable, "-m", "component.loading", str(files)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert reader.stdout and reader.stderr
    reader.stdout.close()
    with reader.stderr:
        assert reader.stderr.read() == b""
    assert reader.wait() == 1


def test_nothing_is_run_that_lies_in_the_current_folder(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files.parent / "pydantic.py").write_text("raise SystemExit('this is not pydantic')")
    monkeypatch.chdir(files.parent)
    load(files)


def after(code: str) -> set[str]:
    """The modules in a fresh Python once ``code`` has run there."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_bridge_is_loaded_without_what_other_commands_need() -> None:
    loaded = after("import component.cli.run, component.bridge.process")
    assert "component.bridge.app" in loaded
    assert not loaded & {"pydantic", "alembic", "component.config.configuration", "component.demo"}
    assert "component.config.directory_file" not in loaded
    assert not loaded & {"component.cli.explain", "component.cli.archive", "sqlalchemy.dialects.postgresql", "asyncpg"}


def test_people_come_before_what_fills_the_gaps_that_their_loading_leaves() -> None:
    assert not after("import component.cli.run") & {"component.bridge.process", "aiohttp", "sqlalchemy"}


def test_the_bridge_is_loaded_without_what_reads_formatted_messages() -> None:
    """That is a process of its own, which is started with the first."""
    loaded = after("import component.bridge.process")
    assert "component.sanitiser" in loaded
    assert not loaded & {"lxml", "nh3", "markdown_it", "component.richtext.formatted", "component.richtext.html_reader"}
