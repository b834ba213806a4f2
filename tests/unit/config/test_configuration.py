"""O1: one configuration file, checked on start; AD4: several tenants in one process."""

import copy
import json
import tomllib
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.config.configuration import ConfigError, load_settings
from component.config.problems import Problem
from component.config.toml_source import line_index
from component.model import Limits, Mode, Profile, Settings, WebSettings

EXAMPLE = Path(__file__).parents[3] / "examples" / "deskbridge.toml"
EXAMPLE_TEXT = EXAMPLE.read_text(encoding="utf-8")
SECRET = {"DESKBRIDGE_XMPP_SECRET": "swordfish"}
SECOND_TENANT = """
[[tenants]]
id = "zeta"
name = "Zeta"
mode = 1
version = "9.9"
work_host = "work.zeta.test"
desk_host = "cc.zeta.test"
agent_faces = "agents.zeta.test"
work_faces = "directory.zeta.test"
directory = "zeta.toml"
"""

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a text as the configuration file of a folder of its own."""

    def load_text(text: str, environ: dict[str, str] = SECRET, **more: Any) -> Settings:
        path = tmp_path / "deskbridge.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, environ, **more)

    return load_text


def problems(load: Load, text: str, environ: dict[str, str] = SECRET) -> dict[str, str]:
    """What is said about a bad file: text by place, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load(text, environ)
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)
    return {str(p.place).split("/")[-1]: p.text for p in caught.value.problems}


def changed(old: str, new: str) -> str:
    """The example with one thing put differently."""
    assert EXAMPLE_TEXT.count(old) == 1
    return EXAMPLE_TEXT.replace(old, new)


def line_of(start: str) -> int:
    """The line of the example that begins so."""
    lines = enumerate(EXAMPLE_TEXT.splitlines(), 1)
    return next(number for number, line in lines if line.startswith(start))


def only(found: dict[str, str]) -> str:
    assert len(found) == 1, found
    return " ".join(*found.items())


class TestGoodFiles:
    def test_the_example(self) -> None:
        settings = load_settings(EXAMPLE, SECRET)
        folder = EXAMPLE.absolute().parent
        assert settings.xmpp.secret == "swordfish"
        assert (settings.xmpp.host, settings.xmpp.port) == ("127.0.0.1", 5347)
        assert settings.ejabberd.api_url == "http://127.0.0.1:5281/api"
        assert settings.storage.url == f"sqlite:///{folder}/deskbridge.db"
        (tenant,) = settings.tenants
        assert (tenant.id, tenant.mode, tenant.version) == ("acme", Mode.THREE, Profile.V9_10)
        assert tenant.component_hosts == ("agents.acme.test", "directory.acme.test")
        assert tenant.directory == folder / "acme.toml"
        assert (tenant.watch, tenant.watch_notice) == (False, True)
        assert tenant.work_suffix == " (Work)"
        assert (tenant.retention_days, tenant.roster_limit) == (0, 500)
        assert tenant.time_zone is UTC
        assert tenant.operators == {"sue@work.acme.test"}
        assert tenant.support_addresses == ("mailto:help@acme.test",)

    def test_operators_are_prepared_addresses(self, load: Load) -> None:
        settings = load(changed('["sue@work.acme.test"]', '["Sue@Work.acme.test", "dan@cc.acme.test"]'))
        assert settings.tenants[0].operators == {"sue@work.acme.test", "dan@cc.acme.test"}
        assert load(EXAMPLE_TEXT + SECOND_TENANT).tenants[1].operators == frozenset()

    @pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+9"])
    def test_time_zones_are_called_as_the_world_calls_them(self, load: Load, name: str) -> None:
        (tenant,) = load(changed('time_zone = "UTC"', f'time_zone = "{name}"')).tenants
        assert str(tenant.time_zone) == name

    def test_the_example_shows_the_defaults(self, load: Load) -> None:
        shown = load_settings(EXAMPLE, SECRET)
        assert (shown.web, shown.limits) == (WebSettings(), Limits())
        text = EXAMPLE_TEXT[: EXAMPLE_TEXT.index("[web]")] + SECOND_TENANT
        assert (load(text).web, load(text).limits) == (WebSettings(), Limits())

    def test_several_tenants(self, load: Load) -> None:
        settings = load(EXAMPLE_TEXT + SECOND_TENANT)
        assert [tenant.id for tenant in settings.tenants] == ["acme", "zeta"]

    def test_hosts_are_compared_in_lower_case(self, load: Load) -> None:
        settings = load(changed('"work.acme.test"', '"Work.ACME.test"'))
        assert settings.tenants[0].work_host == "work.acme.test"

    def test_an_absolute_database_path_stays(self, load: Load) -> None:
        settings = load(changed("sqlite:///deskbridge.db", "sqlite:////var/lib/deskbridge.db"))
        assert settings.storage.url == "sqlite:////var/lib/deskbridge.db"

    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("desk@db/x", "desk@db/x"),
            ("desk@db1:5433,db2/x?sslmode=verify-full", "desk@db1:5433,db2/x?sslmode=verify-full"),
            ("desk@db/x?passfile=/etc/pgpass", "desk@db/x?passfile=/etc/pgpass"),
            (
                "desk@[::1]:5432/x?sslmode=require&passfile=pgpass",
                "desk@[::1]:5432/x?sslmode=require&passfile={}/pgpass",
            ),
        ],
    )
    def test_postgresql_with_its_files_from_the_folder_of_the_configuration(
        self, load: Load, tmp_path: Path, given: str, meant: str
    ) -> None:
        """The storage beyond one machine (H1), in the form that PostgreSQL's own tools take."""
        settings = load(changed("sqlite:///deskbridge.db", f"postgresql://{given}"))
        assert settings.storage.url == f"postgresql://{meant.format(tmp_path)}"

    def test_addresses_lose_a_trailing_slash(self, load: Load) -> None:
        settings = load(changed("5281/api", "5281/api/"))
        assert settings.ejabberd.api_url == "http://127.0.0.1:5281/api"

    def test_a_byte_order_mark_does_no_harm(self, load: Load) -> None:
        assert load("\ufeff" + EXAMPLE_TEXT).tenants


class TestSecret:
    """O1: secrets from files or the environment."""

    def test_from_a_file_beside_the_configuration(self, load: Load, tmp_path: Path) -> None:
        self.write_secret(tmp_path, "from file\n", 0o600)
        assert load(EXAMPLE_TEXT, {}).xmpp.secret == "from file"

    def test_the_environment_wins(self, load: Load, tmp_path: Path) -> None:
        self.write_secret(tmp_path, "from file\n", 0o600)
        assert load(EXAMPLE_TEXT, SECRET).xmpp.secret == "swordfish"

    def test_a_file_for_everybody_is_a_warning(self, load: Load, tmp_path: Path) -> None:
        self.write_secret(tmp_path, "open\n", 0o644)
        warnings: list[Problem] = []
        assert load(EXAMPLE_TEXT, {}, warn=warnings.append).xmpp.secret == "open"
        assert [warning.place.file.name for warning in warnings] == ["component.secret"]
        assert "chmod" in warnings[0].text

    @pytest.mark.parametrize("mode", [0o600, 0o640])
    def test_a_file_for_owner_or_group_is_none(self, load: Load, tmp_path: Path, mode: int) -> None:
        self.write_secret(tmp_path, "closed\n", mode)
        warnings: list[Problem] = []
        load(EXAMPLE_TEXT, {}, warn=warnings.append)
        assert not warnings

    @pytest.mark.parametrize("content", ["", " \n", "one\ntwo\n"])
    def test_a_file_must_hold_one_line(self, load: Load, tmp_path: Path, content: str) -> None:
        self.write_secret(tmp_path, content, 0o600)
        assert "it must be one line" in only(problems(load, EXAMPLE_TEXT, {}))

    def test_an_empty_variable_is_refused(self, load: Load) -> None:
        assert "is empty" in only(problems(load, EXAMPLE_TEXT, {"DESKBRIDGE_XMPP_SECRET": ""}))

    def test_a_file_that_is_not_there(self, load: Load) -> None:
        assert "component.secret cannot be read: No such file" in only(problems(load, EXAMPLE_TEXT, {}))

    def test_none_at_all(self, load: Load) -> None:
        found = problems(load, changed('secret_file = "component.secret"', ""), {})
        assert "DESKBRIDGE_XMPP_SECRET" in found[f"deskbridge.toml:{line_of('[xmpp]')}: xmpp.secret_file"]

    def test_a_secret_in_the_wrong_place_is_not_repeated(self, load: Load) -> None:
        found = problems(load, changed('secret_file = "component.secret"', 'secret = "hunter2"'))
        assert "did you mean secret_file?" in only(found)
        assert "hunter2" not in only(found)

    @staticmethod
    def write_secret(folder: Path, content: str, mode: int) -> None:
        path = folder / "component.secret"
        path.write_text(content)
        path.chmod(mode)


class TestBadFiles:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("burst = 40", "brust = 40", "limits.brust is not a key of this table; did you mean burst?"),
            ("port = 5347", 'port = "5347"', 'xmpp.port must be a whole number without quotes, not "5347"'),
            ("port = 5347", "port = 0", "xmpp.port must be 1 or more, not 0"),
            ("port = 5347", "port = 70000", "xmpp.port must be 65535 or less"),
            ("port = 5347", "port = 0x" + "f" * 5000, "xmpp.port must be 65535 or less, not a huge number"),
            ("port = 5347", "port = 2026-01-01", "must be a whole number without quotes, not 2026-01-01"),
            ("port = 5347", "", "xmpp.port is missing; add it, for example port = 5347"),
            ("mode = 3 ", "mode = 4 ", "tenants[0].mode must be 1, 2 or 3, not 4"),
            ("mode = 3 ", "mode = true ", "tenants[0].mode must be 1, 2 or 3, not true"),
            ('"9.10"  ', "9.10  ", 'must be "9.9" or "9.10", with the quotes, not 9.1'),
            ('"9.10"  ', '"9.11"  ', 'must be "9.9" or "9.10", with the quotes, not "9.11"'),
            ("burst = 40", "burst = 0", "limits.burst must be 1 or more"),
            ("messages_per_second = 20", "messages_per_second = 0", "must be more than 0"),
            ("messages_per_second = 20", "messages_per_second = inf", "must be a finite number"),
            ("watch = false", 'watch = "no"', "must be true or false"),
            ("retention_days = 0", "retention_days = -1", "must be 0 or more"),
            ('id = "acme"', 'id = "ac me"', "without spaces"),
            ('name = "Acme Ltd"', 'name = " "', "must not be empty"),
            ('name = "Acme Ltd"', 'name = "A\\u202e"', "must not contain control characters"),
            ('name = "Acme Ltd"', f'name = "{"A" * 201}"', "must be up to 200 characters long, not 201"),
            ('work_suffix = " (Work)"', 'work_suffix = "\\n"', "must not contain control characters"),
            ('time_zone = "UTC"', 'time_zone = "Berlin"', 'such as Europe/Berlin, not "Berlin"'),
            ('time_zone = "UTC"', 'time_zone = "Europe"', "such as Europe/Berlin"),
            ('time_zone = "UTC"', 'time_zone = "/etc/localtime"', "such as Europe/Berlin"),
            ('time_zone = "UTC"', 'time_zone = ""', "such as Europe/Berlin"),
            ('time_zone = "UTC"', "time_zone = 1", "such as Europe/Berlin, not 1"),
            ('"http://127.0.0.1:5281/api"', '"127.0.0.1:5281"', "must be an address such as http://"),
            ('"http://127.0.0.1:5281/api"', '"ftp://h/"', "must be an address such as http://"),
            ('"http://127.0.0.1:5281/api"', '"http://h:x/"', "must be an address such as http://"),
            ('listen = "127.0.0.1:8088"', 'listen = "127.0.0.1"', "must be HOST:PORT"),
            ('["sue@work.acme.test"]', '["sue"]', "must be the address of an account"),
            ('["sue@work.acme.test"]', '["sue@work.acme.test/phone"]', "must be the address of an account"),
            ('["sue@work.acme.test"]', '["sue@agents.acme.test"]', "operators[0] must be an account on work.acme.test"),
            ('["mailto:help@acme.test"]', '["help@acme.test"]', "must be a URI such as mailto:"),
            ("sqlite:///deskbridge.db", "sqlite://", "must be sqlite:/// and the name of a file"),
            ("sqlite:///deskbridge.db", "sqlite:///:memory:", "and the name of a file"),
            ("sqlite:///deskbridge.db", "mysql://desk@db/x", "or postgresql://USER@HOST/DATABASE"),
            ("sqlite:///deskbridge.db", "postgresql://db/x", "must be postgresql://USER@HOST/DATABASE"),
            ("sqlite:///deskbridge.db", "postgresql://desk@db", "must be postgresql://USER@HOST/DATABASE"),
            ("sqlite:///deskbridge.db", "postgresql://desk@db,/x", "several hosts of one cluster as HOST,HOST"),
            ("sqlite:///deskbridge.db", "postgresql://desk@db/x?password=y", "knows the options passfile, sslrootcert"),
        ],
    )
    def test_one_problem(self, load: Load, old: str, new: str, said: str) -> None:
        assert said in only(problems(load, changed(old, new)))

    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
    def test_a_password_in_the_storage_url_is_refused_and_not_shown(self, load: Load, scheme: str) -> None:
        """R4. What is in the URL is in the log."""
        found = only(problems(load, changed("sqlite:///deskbridge.db", f"{scheme}://desk:sesame@db/x")))
        assert "storage.url must" in found
        assert "sesame" not in found

    @pytest.mark.parametrize(
        "host", ["", "a b", "a@b", "a/b", "a..b", "-a.test", "a_b.test", "*", "127.0.0.1", "[::1]", "x" * 64]
    )
    def test_hosts_are_domain_names(self, load: Load, host: str) -> None:
        found = problems(load, changed('"cc.acme.test"', json.dumps(host)))
        assert "tenants[0].desk_host must be a domain name" in only(found)

    def test_every_problem_at_once_with_its_line(self, load: Load) -> None:
        text = changed("port = 5347", "port = -1").replace("mode = 3", "mode = 0").replace("burst", "brust")
        assert list(problems(load, text)) == [
            f"deskbridge.toml:{line_of('port =')}: xmpp.port",
            f"deskbridge.toml:{line_of('burst =')}: limits.brust",
            f"deskbridge.toml:{line_of('mode =')}: tenants[0].mode",
        ]

    def test_a_faulty_tenant_still_takes_part_in_the_checks_across(self, load: Load) -> None:
        second = SECOND_TENANT.replace("mode = 1", "mode = 9").replace('"zeta"', '"acme"')
        found = problems(load, EXAMPLE_TEXT + second)
        assert {place.split()[-1] for place in found} == {"tenants[1].id", "tenants[1].mode"}

    def test_ids_are_unique(self, load: Load) -> None:
        found = problems(load, EXAMPLE_TEXT + SECOND_TENANT.replace('"zeta"', '"acme"'))
        assert 'the tenant id "acme" is already used at' in only(found)
        assert f"deskbridge.toml:{line_of('id =')}: tenants[0].id" in only(found)

    @pytest.mark.parametrize("key", ["work_host", "desk_host", "agent_faces", "work_faces"])
    def test_a_host_is_used_once_in_the_file(self, load: Load, key: str) -> None:
        """AD4, AD2: a shared host would join tenants, or accounts and faces."""
        line = next(line for line in SECOND_TENANT.splitlines() if line.startswith(key))
        found = problems(load, EXAMPLE_TEXT + SECOND_TENANT.replace(line, f'{key} = "CC.acme.test"'))
        assert 'the host "cc.acme.test" is already used' in only(found)

    def test_a_tenants_own_hosts_differ(self, load: Load) -> None:
        found = problems(load, changed('"directory.acme.test"', '"agents.acme.test"'))
        assert 'tenants[0].work_faces the host "agents.acme.test" is already used' in only(found)

    def test_missing_sections(self, load: Load) -> None:
        assert {place.split()[-1] for place in problems(load, "")} == {
            "xmpp",
            "ejabberd",
            "storage",
            "tenants",
        }

    def test_a_value_where_a_section_belongs(self, load: Load) -> None:
        text = "limits = 3\n" + EXAMPLE_TEXT.replace("[limits]", "[limit]")
        assert list(problems(load, text)) == [
            "deskbridge.toml:1: limits",
            f"deskbridge.toml:{line_of('[limits]') + 1}: limit",
        ]

    def test_not_toml(self, load: Load) -> None:
        assert only(problems(load, "[xmpp]\nhost = \n")).startswith("deskbridge.toml:2 is not valid TOML")

    @pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000])
    def test_more_than_the_parser_can_take(self, load: Load, text: str) -> None:
        assert "is not valid TOML" in only(problems(load, text))

    def test_not_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "deskbridge.toml"
        path.write_bytes(b"# a comment\n# caf\xe9\n")
        with pytest.raises(ConfigError, match=r"deskbridge\.toml:2: is not UTF-8 text"):
            load_settings(path, SECRET)

    @pytest.mark.parametrize("name", ["missing.toml", ".", "a\0b"])
    def test_not_a_readable_file(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_settings(tmp_path / name, SECRET)


VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.lists(st.integers(), max_size=2),
)


@given(data=st.data())
def test_any_change_gives_settings_or_a_config_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """O1: no traceback at three in the morning, and no problem without a place."""
    tables: dict[str, Any] = copy.deepcopy(tomllib.loads(EXAMPLE_TEXT))
    flat = {**tables, "tenants": tables["tenants"][0]}
    table = flat[data.draw(st.sampled_from(sorted(flat)))]
    table[data.draw(st.sampled_from(sorted(table)))] = data.draw(VALUES)
    path = tmp_path_factory.getbasetemp() / "changed.toml"
    path.write_text(toml(tables), encoding="utf-8")
    try:
        load_settings(path, SECRET)
    except ConfigError as error:
        assert all(problem.place.line and problem.place.keys for problem in error.problems)


def toml(tables: dict[str, Any]) -> str:
    """Flat tables and arrays of them as TOML, whose strings and lists are JSON's."""
    lines: list[str] = []
    for name, content in tables.items():
        for table in content if isinstance(content, list) else [content]:
            lines.append(f"[[{name}]]" if isinstance(content, list) else f"[{name}]")
            lines += [f"{key} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines)


def _value(value: object) -> str:
    return str(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def test_line_index() -> None:
    text = '''
        a.b = 1
        [x] # comment
        y = """
        [not.a.table]
        z = 2
        """
        [[p]]
        list = [
          "q",
        ]
        [p.sub]
        k = 1
        [[p]]
        k = 2
        [[p.deep]]
        k = 3
    '''
    assert line_index(text) == {
        ("a", "b"): 2,
        ("x",): 3,
        ("x", "y"): 4,
        ("p", 0): 8,
        ("p", 0, "list"): 9,
        ("p", 0, "sub"): 12,
        ("p", 0, "sub", "k"): 13,
        ("p", 1): 14,
        ("p", 1, "k"): 15,
        ("p", 1, "deep", 0): 16,
        ("p", 1, "deep", 0, "k"): 17,
    }
