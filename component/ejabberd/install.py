"""Where ejabberd and Erlang are installed: on this system, or in an unpacked Debian run by chroot."""

import os
import sqlite3
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE_USER = "ejabberd"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
HOW_TO_INSTALL = "install Debian's packages ejabberd and erlang-p1-sqlite3"


class EjabberdMissing(Exception):
    """No usable ejabberd is installed; the text says what to install."""


@dataclass(frozen=True, slots=True)
class User:
    """By number: an unpacked root has users that are not known outside of it."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Install:
    """``root`` is ``/`` or an unpacked Debian; ``libraries`` the folder of Erlang libraries inside it."""

    root: Path
    libraries: str
    version: str

    @classmethod
    def of_system(cls) -> "Install":
        return cls.of_root(Path("/"))

    @classmethod
    def of_root(cls, root: Path) -> "Install":
        """Raises ``EjabberdMissing``. A root other than ``/`` needs the right to chroot."""
        found = sorted(root.glob("usr/lib/*/ejabberd-*/ebin/ejabberd.app"))
        if not found or not (root / "usr/bin/erlc").exists():
            raise EjabberdMissing(f"there is no ejabberd in {root}: {HOW_TO_INSTALL}")
        library = found[0].parent.parent
        version = library.name.removeprefix("ejabberd-")
        return cls(root, "/" + str(library.parent.relative_to(root)), version)

    @property
    def changed_root(self) -> bool:
        return self.root != Path("/")

    def inside(self, path: Path) -> str:
        """``path`` as a process of this installation sees it. Raises ``ValueError`` if it cannot see it."""
        return "/" + str(path.relative_to(self.root))

    def outside(self, path: str) -> Path:
        """``path`` of a process of this installation as we see it."""
        return self.root / path.lstrip("/")

    def command(self, program: str, arguments: Sequence[str], user: User | None) -> list[str]:
        """How to run one of Erlang's programs here as ``user``, or as who we are."""
        program = f"/usr/bin/{program}"
        if self.changed_root:
            become = [f"--userspec={user.uid}:{user.gid}", "--groups="] if user else []
            return ["chroot", *become, str(self.root), program, *arguments]
        become = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"] if user else []
        return [*become, program, *arguments]

    def compile(self, source: Path, user: User | None) -> None:
        """Compile an Erlang module beside its source, for this very version."""
        arguments = ["-o", self.inside(source.parent), self.inside(source)]
        subprocess.run(self.command("erlc", arguments, user), check=True, cwd="/", env=ENVIRONMENT)

    def create_database(self, path: Path) -> None:
        """An SQLite file with ejabberd's tables, unless it is there. Versions before 23.10 do not make them."""
        if path.exists():
            return
        schema = next(self.root.glob(f".{self.libraries}/ejabberd-*/priv/sql/lite.sql"))
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with sqlite3.connect(unfinished) as database:
            database.executescript(schema.read_text())
        database.close()
        unfinished.rename(path)

    def user_for(self, folder: Path) -> User | None:
        """Whom to run ejabberd as in ``folder``: Debian's user for it if we are root.

        ``None``, which is ourselves, if we are not, or if that user could not get there (below /root, say).
        """
        below_root = [self.root / parent for parent in folder.relative_to(self.root).parents]
        if os.geteuid() != 0 or not all(parent.stat().st_mode & stat.S_IXOTH for parent in below_root):
            return None
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == PACKAGE_USER:
                return User(int(uid), int(gid))
        return None


def hand_over(folder: Path, user: User | None) -> None:
    """Give ``folder`` and all in it to ``user``, or to who we are."""
    owner = user or User(os.geteuid(), os.getegid())
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
