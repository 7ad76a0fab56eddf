"""Where a model comes from: the Hugging Face hub, or a folder. Each lists its files with what they must be, and brings
them one at a time."""

import hashlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from imgforge_mcp.base.errors import NotFound, Unauthorized, Unavailable
from imgforge_mcp.local.models.forms import Form, form_of
from imgforge_mcp.local.models.pipelines import files_of

BLOCK = 1024 * 1024
LONGEST_LICENCE = 200
Bytes = Callable[[int], None]
"""Told how many more bytes have come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file as its source lists it: where it belongs, its size in bytes, and its digest where the source knows one:
    SHA-256, or git's own of a small file."""

    path: PurePosixPath
    size: int
    sha256: str | None = None
    blob: str | None = None

    def is_like(self, file: Path) -> str | None:
        """The SHA-256 of a file that is what was listed, else None."""
        whole, git = hashlib.sha256(), hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)
        if file.stat().st_size != self.size:
            return None
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                whole.update(block)
                if self.sha256 is None:
                    git.update(block)
        is_right = self.sha256 == whole.hexdigest() if self.sha256 else self.blob in (None, git.hexdigest())
        return whole.hexdigest() if is_right else None


class Source(Protocol):
    """`licence` as the source names it, `origin` as a person would find it again, `form` by the list of its files."""

    licence: str
    origin: str
    form: Form
    files: tuple[Listed, ...]

    def bring(self, listed: Listed, into: Path, told: Bytes) -> None:
        """Put one file below `into`, going on where an earlier try was broken off. Raises Unavailable."""


class Folder:
    """A folder with a pipeline on this machine."""

    def __init__(self, path: Path, *, licence: str = "as the folder's owner has it", origin: str | None = None) -> None:
        """Raises NotFound: it is no folder. Unsupported: it holds nothing that can be run here."""
        if not path.is_dir():
            raise NotFound(f"{path} is no folder.", path=str(path))
        self.licence = licence
        self.origin = origin or str(path)
        self._path = path
        names = files_of(path)
        self.form = form_of(str(path), names)
        self.files = tuple(
            Listed(path=PurePosixPath(name), size=(path / name).stat().st_size) for name in names if self.form.has(name)
        )

    def bring(self, listed: Listed, into: Path, told: Bytes) -> None:
        shutil.copyfile(self._path / listed.path, into / listed.path)
        told(listed.size)


class Hub:
    """A repository of the hub, at the revision that is its newest now. HF_ENDPOINT, HF_TOKEN, HF_HOME and
    HF_HUB_OFFLINE are the library's own settings."""

    def __init__(self, repository: str) -> None:
        """Ask the hub for the list. Blocks.

        Raises:
            NotFound, Unauthorized, Unavailable, Unsupported: there is no such repository, it is shut, nobody answers,
                it holds no pipeline.
        """
        from huggingface_hub import HfApi

        self._repository = repository
        with _Told(repository):
            info = HfApi().model_info(repository, files_metadata=True)
        siblings = info.siblings or []
        self.form = form_of(repository, [sibling.rfilename for sibling in siblings])
        self.files = tuple(_listed(sibling) for sibling in siblings if self.form.has(sibling.rfilename))
        self.licence = _licence(info.card_data)
        self._revision = str(info.sha)
        self.origin = f"{repository}@{self._revision[:12]}"

    def bring(self, listed: Listed, into: Path, told: Bytes) -> None:
        from huggingface_hub import hf_hub_download

        with _Told(self._repository):
            hf_hub_download(
                self._repository, str(listed.path), revision=self._revision, local_dir=into, tqdm_class=_bar(told)
            )


def cached(repository: str) -> Folder:
    """The repository as the hub's own cache on this machine has it, for those without a network. Raises NotFound."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(repository, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        raise NotFound(
            f"{repository} is not in the hub's cache on this machine, and HF_HUB_OFFLINE keeps it from being fetched.",
            repository=repository,
        ) from None
    return Folder(path, licence="see its page on the hub", origin=f"{repository}@{path.name[:12]}")


def is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _listed(sibling: Any) -> Listed:
    size = sibling.lfs.size if sibling.lfs else sibling.size or 0
    digest = sibling.lfs.sha256 if sibling.lfs else None
    return Listed(path=PurePosixPath(sibling.rfilename), size=size, sha256=digest, blob=sibling.blob_id)


def _licence(card: Any) -> str:
    """As the model's card names it: with `other` the name and the address that stand beside it. One line, whoever wrote
    the card: somebody agrees to what is shown."""
    said = [str(part) for name in ("license", "license_name", "license_link") if (part := getattr(card, name, None))]
    return " ".join(" ".join(part for part in said if part != "other").split())[:LONGEST_LICENCE] or "not named"


class _Told:
    """What the hub's library raises, as errors of ours."""

    def __init__(self, repository: str) -> None:
        self._repository = repository

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from huggingface_hub import errors

        name = self._repository
        if isinstance(error, errors.GatedRepoError):
            raise Unauthorized(
                f"{name} is given only to those who have agreed to its licence on its page; then set HF_TOKEN."
            ) from error
        if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
            raise NotFound(f"The hub has no {name}, or not for this HF_TOKEN.", repository=name) from error
        if isinstance(error, errors.OfflineModeIsEnabled):
            raise Unavailable("HF_HUB_OFFLINE is set; unset it to fetch a model.") from error
        if isinstance(error, errors.HTTPError | OSError):  # type: ignore[attr-defined]  # its HTTP client's own
            status = getattr(getattr(error, "response", None), "status_code", None)
            said = f"HTTP {status}" if status else type(error).__name__
            raise Unavailable(
                f"{name} could not be fetched from the hub ({said}); ask again, and it goes on where it was. "
                "HF_ENDPOINT names a mirror."
            ) from error


def _bar(told: Bytes) -> Any:
    """What the hub's library takes for a bar of progress: it tells how many bytes came and shows nothing."""
    from tqdm.auto import tqdm

    class Nowhere(io.TextIOBase):
        def write(self, text: str) -> int:
            return len(text)

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **{**named, "file": Nowhere(), "disable": False})
            told(int(self.n))

        def update(self, n: float | None = 1) -> Any:
            told(int(n or 0))
            return super().update(n)

    return Bar
