"""Where ejabberd and Erlang are installed: on this system, or in an unpacked Debian run by chroot."""

import os
import pwd
import sqlite3
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

    def command(self, erl_arguments: Sequence[str]) -> list[str]:
        """How to start Erlang here: as Debian's user if we are root, else as ourselves."""
        return [*self._prefix(), "/usr/bin/erl", *erl_arguments]

    def compile(self, source: Path) -> None:
        """Compile an Erlang module beside its source, for this very version."""
        folder = self.inside(source.parent)
        command = [*self._prefix(), "/usr/bin/erlc", "-o", folder, self.inside(source)]
        subprocess.run(command, check=True, cwd="/", env=ENVIRONMENT)

    def create_database(self, path: Path) -> None:
        """An SQLite file with ejabberd's schema for several hosts: versions before 23.10 do not create it."""
        if path.exists():
            return
        schema = next(self.root.glob(f".{self.libraries}/ejabberd-*/priv/sql/lite.new.sql"))
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with sqlite3.connect(unfinished) as database:
            database.executescript(schema.read_text())
        database.close()
        unfinished.rename(path)

    def hand_over(self, folder: Path) -> None:
        """Give ``folder`` to the user who will run ejabberd, and make it reachable for them."""
        if os.geteuid() != 0:
            return
        user = self._user()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *user, follow_symlinks=False)

    def _prefix(self) -> list[str]:
        """Root becomes the package's user, named by number: the root's users need not be known outside of it."""
        if os.geteuid() != 0:
            return []
        user, group = self._user()
        if self.changed_root:
            return ["chroot", f"--userspec={user}:{group}", "--groups=", str(self.root)]
        return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]

    def _user(self) -> tuple[int, int]:
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == PACKAGE_USER:
                return int(uid), int(gid)
        me = pwd.getpwuid(os.geteuid())
        return me.pw_uid, me.pw_gid
