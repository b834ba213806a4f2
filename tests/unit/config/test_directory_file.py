"""D1: directories are checked as a whole; AD3: local parts."""

import csv
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.config.directory_file import DirectoryError, load_directory, make_directory
from component.config.photo import read_again
from component.model import Directory, Person, Photo, Side, Team

EXAMPLES = Path(__file__).parents[3] / "examples"
TEAMS = """
[[groups]]
id = "sales"
name = "Sales desk"

[[groups]]
id = "support"
name = "Support desk"

[[queues]]
id = "billing"
name = "Billing chat"
"""

Load = Callable[..., Directory]

PNG = b"\x89PNG\r\n\x1a\n rest"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a text as a directory, beside CSV files given by their names without the ending."""

    def load_text(text: str, **csv_files: str) -> Directory:
        (tmp_path / "acme.toml").write_text(text, encoding="utf-8")
        for name, content in csv_files.items():
            (tmp_path / f"{name}.csv").write_bytes(content.encode())
        return load_directory(tmp_path / "acme.toml")

    return load_text


def problems(load: Load, text: str, **csv_files: str) -> list[str]:
    """What is said about bad files, without the folder."""
    with pytest.raises(DirectoryError) as caught:
        load(text, **csv_files)
    return [str(p).replace(f"{p.place.file.parent}/", "") for p in caught.value.problems]


def person(**keys: object) -> str:
    return (
        "\n[[people]]\n"
        + "\n".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())
        + "\n"
    )


def by_local_part(directory: Directory, side: Side) -> dict[str | None, Person]:
    return {person.local_part(side): person for person in directory.people}


def csv_problems(load: Load, people: str) -> list[str]:
    return problems(load, 'people_csv = "people.csv"\n' + TEAMS, people=people)


class TestToml:
    def test_the_example(self) -> None:
        acme = load_directory(EXAMPLES / "acme.toml")
        assert [p.name for p in acme.people][:2] == ["Alice Ames", "Carol Cho"]
        assert acme.groups == {
            "sales": Team("sales", "Sales desk", watch=True),
            "support": Team("support", "Support desk"),
        }
        assert acme.queues["billing-chat"].watch
        agents, users = by_local_part(acme, Side.AGENT), by_local_part(acme, Side.WORK)
        alice = agents["alice"]
        assert alice is users["alice.ames"]
        assert alice.title == "Sales agent"
        assert alice.groups == {"sales"}
        assert agents["sue"].supervises == {"sales"}
        assert "dan" not in users

    @pytest.mark.parametrize("star", ['"*"', '["*"]'])
    def test_a_supervisor_of_every_group(self, load: Load, star: str) -> None:
        acme = load(TEAMS + f'[[people]]\nname = "Sue"\nagent = "sue"\nsupervises = {star}')
        assert by_local_part(acme, Side.AGENT)["sue"].supervises == {"*"}

    def test_a_person_without_licence_is_listed_only(self, load: Load) -> None:
        acme = load(person(name="Paula Plain"))
        assert acme.people == (Person("Paula Plain"),)

    def test_an_empty_directory(self, load: Load) -> None:
        assert load("") == make_directory([])

    def test_unknown_keys(self, load: Load) -> None:
        text = "grops = []\n" + person(name="Ann", wrok="ann") + "[[groups]]\nid='g'\nname='G'\nwatched=true"
        assert problems(load, text) == [
            "acme.toml:1: grops: is not a key of this table; did you mean groups?",
            "acme.toml:5: people[0].wrok: is not a key of this table; did you mean work?",
            "acme.toml:9: groups[0].watched: is not a key of this table; did you mean watch?",
        ]

    def test_unknown_teams(self, load: Load) -> None:
        text = TEAMS + person(name="Ann", groups=["sales", "billing"], queues=["*"], supervises=["nobody"])
        assert [found.split(";")[0] for found in problems(load, text)] == [
            'acme.toml:16: people[0].groups: there is no "billing" among the groups',
            'acme.toml:17: people[0].queues: there is no "*" among the queues',
            'acme.toml:18: people[0].supervises: there is no "nobody" among the groups',
        ]

    def test_ids_of_teams_are_unique_among_their_kind(self, load: Load) -> None:
        load(TEAMS + "[[queues]]\nid = 'sales'\nname = 'Sales queue'")
        (found,) = problems(load, TEAMS + "[[groups]]\nid = 'sales'\nname = 'More sales'")
        assert found.startswith('acme.toml:14: groups[2].id: the group id "sales" is already used at')
        assert "acme.toml:3: groups[0].id" in found

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "tab\there", "\x1b[31m", "\u202etxet", "\x85"])
    def test_names_are_one_visible_line(self, load: Load, name: str) -> None:
        escaped = "".join(f"\\u{ord(character):04x}" for character in name)
        (found,) = problems(load, f'[[people]]\nname = "{escaped}"')
        assert found.startswith("acme.toml:2: people[0].name: must not")

    def test_what_is_shown_has_a_bounded_length(self, load: Load) -> None:
        """R5: names go into every roster."""
        load(person(name="N" * 200, title="T" * 200))
        text = person(name="N" * 100_000, title="T" * 201) + f"[[groups]]\nid = 'sales'\nname = '{'G' * 201}'"
        name, title, group = problems(load, text)
        assert "groups[0].name: must be up to 200 characters long, not 201" in group
        assert name == "acme.toml:3: people[0].name: must be up to 200 characters long, not 100000"
        assert title == "acme.toml:4: people[0].title: must be up to 200 characters long, not 201"
        assert "long, not 300" in csv_problems(load, "name\n" + "N" * 300)[0]

    def test_every_problem_of_every_file_at_once(self, load: Load) -> None:
        text = 'people_csv = ["one.csv", "two.csv", "three.csv"]\n' + person(name="", work="bob", groups=["x"])
        found = problems(load, text, one="name,work\nBob,bob\n,ann\n", two="nam\n")
        assert [line.split(": ")[0] for line in found] == [
            *["acme.toml:4", "acme.toml:6"],
            *["one.csv:2", "one.csv:3"],
            "three.csv",
            *["two.csv:1", "two.csv:1"],
        ]

    def test_a_long_list_is_cut_for_the_reader(self, load: Load) -> None:
        with pytest.raises(DirectoryError) as caught:
            load("".join(person(name="") for _ in range(80)))
        assert len(caught.value.problems) == 80
        assert str(caught.value).startswith("80 problems in the directory:")
        assert str(caught.value).endswith("… and 30 more")


class TestLocalParts:
    """AD3: reserved, duplicate and bad local parts are refused."""

    @pytest.mark.parametrize("spelling", ["chat-1", "CHAT-1", "chat-", "ｃhat-1", "ch\u00adat-1"])
    def test_reserved(self, load: Load, spelling: str) -> None:
        for key in ("work", "agent"):
            (found,) = problems(load, person(name="Ann", **{key: spelling}))
            assert 'must not begin with "chat-"' in found

    @pytest.mark.parametrize("fine", ["chat", "chatter", "chat.1", "my-chat-1", "o\\27hara", "jörg"])
    def test_not_reserved(self, load: Load, fine: str) -> None:
        assert fine in by_local_part(load(person(name="Ann", work=fine)), Side.WORK)

    @pytest.mark.parametrize("bad", ["", " ", "a b", "a@b", "@", "a/b", "a:b", "<a>", "a&b", "\u00ad", "a" * 1024])
    def test_not_part_of_an_address(self, load: Load, bad: str) -> None:
        (found,) = problems(load, person(name="Ann", agent=bad))
        assert found.startswith("acme.toml:4: people[0].agent: ")

    def test_what_changes_when_prepared_twice_is_refused(self, load: Load) -> None:
        """U+1D34 prepares to H: "cHat-1" would become the reserved "chat-1" at the next server."""
        assert problems(load, person(name="Ann", agent="c\u1d34at-1"))

    def test_capitals_are_lowered(self, load: Load) -> None:
        assert load(person(name="Bob", work="Bob.Berg")).people[0].work == "bob.berg"

    @pytest.mark.parametrize("side", list(Side))
    def test_duplicates_name_both_places(self, load: Load, side: Side) -> None:
        text = 'people_csv = "people.csv"\n' + person(name="Bob", **{side: "bob"})
        (found,) = problems(load, text, people=f"name,{side}\nAnn,ann\nBobby,BOB\n")
        assert found.startswith(f'people.csv:3: {side}: the {side} account "bob" is already used at ')
        assert f"acme.toml:5: people[0].{side};" in found

    def test_the_same_local_part_on_both_sides_is_fine(self, load: Load) -> None:
        """AD1: two accounts, two faces, on different hosts."""
        load(person(name="Sue", work="sue", agent="sam") + person(name="Sam", work="sam", agent="sue"))


class TestPhotos:
    """D3: checked when the directory is read, so that no card breaks later."""

    @pytest.mark.parametrize(("content", "type"), [(PNG, "image/png"), (b"\xff\xd8\xff rest", "image/jpeg")])
    def test_what_is_kept(self, load: Load, tmp_path: Path, content: bytes, type: str) -> None:
        (tmp_path / "ann.img").write_bytes(content)
        acme = load('people_csv = "p.csv"' + person(name="Ann", photo="ann.img"), p="name,photo\nBob,ann.img\n")
        photo = Photo(tmp_path / "ann.img", type, hashlib.sha1(content).hexdigest())
        assert [one.photo for one in acme.people] == [photo, photo]
        assert read_again(photo) == content
        (tmp_path / "ann.img").write_bytes(content + b"!")  # another picture has another hash
        assert read_again(photo) is None
        (tmp_path / "ann.img").unlink()
        assert read_again(photo) is None

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "cannot be read: No such file"),
            (b"GIF89a", "is neither a PNG nor a JPEG file"),
            (b"", "is neither a PNG nor a JPEG file"),
            (PNG + bytes(70_000), "is larger than 64 KiB; is it the right file?"),
        ],
    )
    def test_what_is_not(self, load: Load, tmp_path: Path, content: bytes | None, said: str) -> None:
        if content is not None:
            (tmp_path / "ann.img").write_bytes(content)
        (problem,) = problems(load, person(name="Ann", photo="ann.img"))
        assert problem.startswith("acme.toml:4: people[0].photo: ")
        assert said in problem


class TestFilesThatAreNoneOfTheDirectory:
    """R2: whoever writes a directory names files that deskbridge opens. R4: of what is in them nothing is told."""

    NAMED = ('people_csv = "{}"', 'people_csv = ["{}"]', '[[people]]\nname = "Ann"\nphoto = "{}"')

    @pytest.fixture(params=NAMED, ids=["people_csv", "several", "photo"])
    def complaint(self, request: pytest.FixtureRequest, load: Load) -> Callable[[Path | str], str]:
        """What is said of a directory that names this file."""

        def complaint(file: Path | str) -> str:
            return "\n".join(problems(load, request.param.replace("{}", str(file))))

        return complaint

    def test_a_pipe_keeps_nobody_waiting(self, tmp_path: Path, complaint: Callable[[str], str]) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert "it is no regular file; name one" in complaint("pipe")

    def test_a_socket(self, tmp_path: Path, complaint: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
            assert "cannot be read" in complaint("socket")

    @pytest.mark.parametrize("name", ["/dev/zero", "/proc/self/environ", "/etc/passwd", "../other/p.csv", "/nowhere"])
    def test_what_lies_elsewhere(self, tmp_path: Path, complaint: Callable[[str], str], name: str) -> None:
        """Whether it is there or not."""
        assert "lies elsewhere; it has to be in the folder of the directory file" in complaint(name)
        (tmp_path / "link").symlink_to(name)
        assert "lies elsewhere" in complaint("link")

    def test_a_link_to_what_lies_below(self, tmp_path: Path, load: Load) -> None:
        """As Kubernetes lays out files."""
        (tmp_path / "2026").mkdir()
        (tmp_path / "2026" / "people.csv").write_text("name,work\nAnn,ann\n")
        (tmp_path / "now").symlink_to("2026")
        (tmp_path / "p.csv").symlink_to("now/people.csv")
        assert [one.work for one in load('people_csv = "p.csv"').people] == ["ann"]

    def test_what_is_much_too_large(self, tmp_path: Path, load: Load) -> None:
        with (tmp_path / "p.csv").open("wb") as file:
            file.truncate(10**12)
        assert "is larger than 32768 KiB" in problems(load, 'people_csv = "p.csv"')[0]

    @pytest.mark.parametrize(
        "secret",
        ["hush-4711", "hush,4711", '"hush-4711', "work = 4711", "[hush-4711]\n[hush-4711]", "hush;\x00", "'hush\n"],
    )
    def test_nothing_of_a_secret_is_told(self, tmp_path: Path, complaint: Callable[[str], str], secret: str) -> None:
        """Not even the name of a column. As the directory itself it is not quoted either."""
        (tmp_path / "component.secret").write_text(secret)
        for said in (complaint("component.secret"), str(caught(lambda: load_directory(tmp_path / "component.secret")))):
            assert "component.secret" in said
            assert "hush" not in said
            assert "4711" not in said

    def test_a_picture_that_became_a_pipe(self, tmp_path: Path, load: Load) -> None:
        """It is read again when somebody asks for the card."""
        (tmp_path / "ann.png").write_bytes(PNG)
        (ann,) = load(person(name="Ann", photo="ann.png")).people
        (tmp_path / "ann.png").unlink()
        os.mkfifo(tmp_path / "ann.png")
        assert ann.photo is not None
        assert read_again(ann.photo) is None


def caught(action: Callable[[], object]) -> Exception:
    try:
        action()
    except DirectoryError as error:
        return error
    raise AssertionError("nothing is wrong with it")


class TestCsv:
    def test_the_example(self, load: Load) -> None:
        text = 'people_csv = "people.csv"\n' + TEAMS.replace("billing", "billing-chat")
        acme = load(text, people=(EXAMPLES / "people.csv").read_text())
        frank, grace, henry = acme.people
        assert (frank.name, frank.title) == ("Frank Fox", "Sales agent, mornings")
        assert (frank.work, frank.agent) == ("frank.fox", "frank")
        assert frank.queues == {"billing-chat"}
        assert grace.groups == {"sales", "support"}
        assert grace.supervises == {"*"}
        assert henry == Person("Henry Hill", work="henry", title="Accounts")

    @pytest.mark.parametrize("cell", ["sales;support", " sales ;support; ", "sales support", '"sales;\nsupport"'])
    def test_lists(self, load: Load, cell: str) -> None:
        acme = load('people_csv = ["p.csv"]\n' + TEAMS, p=f"name,groups\nAnn,{cell}\n")
        assert acme.people[0].groups == {"sales", "support"}

    def test_as_spreadsheets_write_it(self, load: Load) -> None:
        content = '\ufeffagent,name\r\n\r\nann ,"Ann ""The Ace"" O\'Hara"\r\n,\r\n'
        acme = load('people_csv = "p.csv"', p=content)
        assert acme.people == (Person('Ann "The Ace" O\'Hara', agent="ann"),)

    def test_columns_must_be_known_and_single(self, load: Load) -> None:
        found = csv_problems(load, "name,work,work,email\nAnn,ann,ann,x\n")
        assert [line.split(";")[0] for line in found] == [
            "people.csv:1: the column work is there twice",
            "people.csv:1: column 4 has a name that is not known",
        ]

    @pytest.mark.parametrize("content", ["", "work\nann\n", "name;work\nAnn;ann\n"])
    def test_a_header_is_needed(self, load: Load, content: str) -> None:
        assert "must name the columns, separated by commas, among them name" in csv_problems(load, content)[0]

    def test_lines_are_counted_through_cells_of_several_lines(self, load: Load) -> None:
        found = csv_problems(load, 'name,groups,work\nAnn,"sales\nsupport",ann\nBob,x,chat-1\n')
        assert [line.split(": ")[:2] for line in found] == [
            ["people.csv:4", "work"],
            ["people.csv:4", "groups"],
        ]

    def test_cells_that_do_not_fit_the_header(self, load: Load) -> None:
        (found,) = csv_problems(load, "name,work\nAmes, Alice,alice\n")
        assert found.startswith("people.csv:2: has 3 cells, the header 2")

    def test_bad_quoting(self, load: Load) -> None:
        (found,) = csv_problems(load, 'name,work\nAnn,ann\n"Bob" Berg,bob\n')
        assert found.startswith("people.csv:3: is not valid CSV")

    def test_not_utf_8(self, load: Load, tmp_path: Path) -> None:
        (tmp_path / "p.csv").write_bytes("name\nAnn\nJörg\n".encode("latin-1"))
        (found,) = problems(load, 'people_csv = "p.csv"')
        assert found.startswith("p.csv:3: is not UTF-8 text")


LOCAL_PARTS = st.one_of(
    st.sampled_from(["", "bob", "BOB", "chat-x", "CHAT-x", "alice"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)


@given(st.lists(st.tuples(LOCAL_PARTS, LOCAL_PARTS), max_size=6))
def test_whatever_loads_has_unique_unreserved_stable_local_parts(people: list[tuple[str, str]]) -> None:
    """AD3, whatever the file holds; everything else is a DirectoryError."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/p.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("name", "work", "agent"), *(("Ann", *parts) for parts in people)])
        Path(folder, "acme.toml").write_text('people_csv = "p.csv"')
        try:
            acme = load_directory(Path(folder, "acme.toml"))
        except DirectoryError:
            return
    for side in Side:
        used = [part for p in acme.people if (part := p.local_part(side))]
        assert len(used) == len(set(used))
        for local_part in used:
            assert local_part == local_part.lower()
            assert not local_part.startswith("chat-")
            assert not set(local_part) & set("@/ ")
