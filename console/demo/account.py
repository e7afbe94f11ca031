"""The account that an embedded server runs as: PostgreSQL refuses root."""

import os
import pwd
import shutil
from pathlib import Path


class ServerFailed(Exception):
    """An embedded server cannot run; the text says why and what to do."""


class Account:
    """The account that a server runs as; without `ids` this process's own."""

    def __init__(self, ids: tuple[int, int] | None = None) -> None:
        self.ids = ids
        """User and group."""

    @property
    def is_other(self) -> bool:
        """Whether it is not the account of this process."""
        return self.ids is not None

    @classmethod
    def for_postgres(cls) -> "Account":
        """Return one that PostgreSQL accepts: not root."""
        if os.geteuid() != 0:
            return cls()
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            others = [account for account in pwd.getpwall() if account.pw_uid != 0]
            if not others:
                raise ServerFailed("PostgreSQL refuses to run as root, and there is no other account") from None
            nobody = others[-1]
        return cls((nobody.pw_uid, nobody.pw_gid))

    def own(self, path: Path) -> None:
        """Give it a file or folder."""
        if self.ids is not None:
            os.chown(path, *self.ids)

    def check_reach(self, folder: Path) -> None:
        """Raise `ServerFailed` if the account may not walk to the folder."""
        closed = self._closed_parent(folder)
        if closed is not None:
            raise ServerFailed(
                f"as root PostgreSQL runs as another account, which may not enter {closed}; use a folder below /tmp"
            )

    def readable_install(self, install: Path, folder: Path) -> Path:
        """Return an installation that the account can read: the wheel's own, or a copy where it is out of reach."""
        if self._closed_parent(install) is None:
            return install
        # The programs find their libraries beside the package, so the copy keeps the layout of the wheel.
        site = install.parent.parent
        copied = folder / "programs" / install.parent.name / install.name
        if not copied.exists():
            libraries = f"{install.parent.name}.libs"
            shutil.copytree(site / libraries, folder / "programs" / libraries, dirs_exist_ok=True)
            shutil.copytree(install, copied, symlinks=True)
        return copied

    def _closed_parent(self, path: Path) -> Path | None:
        if not self.is_other:
            return None
        resolved = path.resolve()
        return next((folder for folder in resolved.parents if not folder.stat().st_mode & 0o001), None)
