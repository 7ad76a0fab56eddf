"""What the commands do and print: one Forge call each, for a person or, with --json, for a program."""

import argparse
import os
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from imgforge_mcp.app.open import open_forge
from imgforge_mcp.base import kindly, spelling
from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError, InvalidRequest
from imgforge_mcp.base.formats import EXTENSIONS
from imgforge_mcp.base.types import (
    Allowance,
    Asset,
    Caller,
    Copy,
    ImageRequest,
    Job,
    JobState,
    Json,
    KeptReference,
    Progress,
    QualityTier,
    Transform,
)
from imgforge_mcp.cli import lists, pictures
from imgforge_mcp.cli.doctor import doctor
from imgforge_mcp.cli.output import amount_of, overwrite, show_progress, wrapped
from imgforge_mcp.cli.output import failed as _failed
from imgforge_mcp.cli.output import show as _print
from imgforge_mcp.forge import Filter, Forge
from imgforge_mcp.presentation import iso, job_json, job_line, saved_json
from imgforge_mcp.storage.names import from_title
from imgforge_mcp.storage.registry.access import ApiKey
from imgforge_mcp.storage.registry.outbox import Webhook, WebhookState

DONE, FAILED = 0, 1
ARTICLES = ("a", "an", "the")
NAME_WORDS = 6
DAYS = re.compile(r"([0-9]{1,5})d")
Command = Callable[[Forge, argparse.Namespace], Awaitable[int]]


def run(config: Config, options: argparse.Namespace, command: Command) -> int:
    """Open the forge, run the command, print a failure as one sentence (or, with --json, as the public error)."""

    async def main() -> int:
        async with open_forge(config, adopts=False) as forge:
            return await command(forge, options)

    try:
        code = anyio.run(main)
        sys.stdout.flush()
        return code
    except ForgeError as error:
        return _failed(error, options)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("\nInterrupted; 'imgforge-mcp jobs' shows what is still under way.", file=sys.stderr)
        return FAILED


async def generate(forge: Forge, options: argparse.Namespace) -> int:
    """Draw, and wait as long as the job may take: nobody times out at a terminal."""
    return await _made(forge, _request(options), options)


async def transform(forge: Forge, options: argparse.Namespace) -> int:
    return await _made(forge, _transform_request(options), options)


async def save(forge: Forge, options: argparse.Namespace) -> int:
    """Write a picture where the person at the terminal wants it."""
    said = {"format": options.format, "fit": options.fit, **_sides(options)}
    wanted = kindly.read(Copy, {"path": _here(options.path), **said})
    saved = saved_json(await forge.save_image(_file(options.image), wanted, _person(forge)))
    _print(saved, options, [saved["message"]])
    return DONE


async def _made(forge: Forge, request: ImageRequest, options: argparse.Namespace) -> int:
    caller = _person(forge)
    show = show_progress if sys.stderr.isatty() and not options.json else None
    job = await forge.submit(request, caller)
    try:
        if show is not None:
            await show(Progress(message=f"job {job.job_id}"))
        job = await forge.wait(job.job_id, forge.config.job_deadline, show)
    finally:
        if show is not None:
            overwrite("")
    if request.save_to is None:
        job = await _named(forge, job)
    code = await _show_job(forge, job, options)
    return code if job.state is JobState.COMPLETED else FAILED


async def edit(forge: Forge, options: argparse.Namespace) -> int:
    return await generate(forge, options)


async def usage(forge: Forge, options: argparse.Namespace) -> int:
    if options.check:
        return await _check_usage(forge, options)
    answer = await forge.usage(options.period, options.project, forge.caller())
    billed = answer["maybe_billed_usd"]
    lines = [
        f"{_images(answer['images'])}, ${answer['cost_usd']:.4f} since {answer['since'][:10]}"
        + (f", and ${billed:.4f} that may have been billed" if billed else "")
    ]
    lines += lists.of_usage(answer)
    for name, budget in answer["budgets"].items():
        left = f", ${budget['left_usd']:.4f} left of ${budget['cap_usd']:.2f}" if "cap_usd" in budget else ", no cap"
        lines.append(f"{name} budget: ${budget['committed_usd']:.4f} spent or reserved{left}")
    lines += [
        f"{name}: {quota['left']} of {quota['calls_a_day']} calls left" for name, quota in answer["quotas"].items()
    ]
    _print(answer, options, lines)
    return DONE


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


async def jobs(forge: Forge, options: argparse.Namespace) -> int:
    caller = forge.caller()
    if options.job_id is None and options.cancel:
        raise InvalidRequest("Say which job to end: imgforge-mcp jobs ID --cancel.", field="job_id")
    if options.job_id is None:
        found = await forge.recent_jobs(max(1, options.limit), caller)
        lines = lists.of_jobs(found) if found else ["There are no jobs yet."]
        _print([job_line(job) for job in found], options, lines)
        return DONE
    if options.cancel:
        await forge.cancel(options.job_id, caller)
    return await _show_job(forge, await forge.job(options.job_id, caller, options.wait), options)


async def models(forge: Forge, options: argparse.Namespace) -> int:
    if options.refresh:
        return await _refresh(forge, options)
    wanted = Filter(
        tier=QualityTier(options.tier) if options.tier else None,
        provider=options.provider,
        capability=options.capability,
        available_only=not options.all,
        purpose=options.purpose,
        is_full=True,
    )
    answer = await forge.models(wanted, is_paged=False)
    tiers = [] if options.purpose else [*lists.of_tiers(answer["tiers"]), ""]
    found = lists.of_models(answer["models"]) if answer["models"] else ["No model fits; --all shows the others too."]
    _print(answer, options, [*tiers, *found])
    return DONE


async def _refresh(forge: Forge, options: argparse.Namespace) -> int:
    report = await forge.refresh_models()
    lines = []
    for name, found in report["providers"].items():
        lines.append(f"{name}: {len(found['missing_from_catalogue'])} models that the catalogue misses")
        lines += [f"  gone, no tier leads to it any more: {model}" for model in found["listed_in_vain"]]
    for name, rows in report["prices"].items():
        for row in rows:
            price = f"${row['listed_usd']:.4g} a {row['unit']} by {row['source']}, ${row['catalogue_usd']:.4g} here"
            lines.append(f"  another price: {name}/{row['model']}, {price}")
    if report["not_asked"]:
        lines.append(f"no list to ask for, or no answer: {', '.join(report['not_asked'])}")
    _print(report, options, lines)
    return DONE


async def assets(forge: Forge, options: argparse.Namespace) -> int:
    match options.action:
        case "list":
            found = await forge.recent_assets(max(1, options.limit))
            values = [{**_asset(asset), "path": forge.place(asset)} for asset in found]
            ids = await forge.short_ids(found)
            rows = lists.of_assets(found, ids, [forge.place(asset) for asset in found])
            _print(values, options, rows if found else ["The store is empty."])
        case "show":
            asset = await _found(forge, options)
            origins = await forge.origins(asset)
            value = {**_asset(asset), "path": forge.place(asset), "origins": origins}
            size = f"{asset.width}x{asset.height}, {asset.mime_type}, {amount_of(asset.bytes)}"
            _print(value, options, [asset.asset_id, size, forge.place(asset), *lists.of_origins(origins)])
            await _show_picture(forge, asset, options)
        case "export":
            await _export(forge, options)
        case "verify":
            return await _verify(forge, options)
        case "prune":
            gone, left = await forge.evict(), await forge.store_bytes()
            _print({"removed": gone, "bytes": left}, options, [f"Removed {_images(gone)}; {amount_of(left)} are left."])
    return DONE


async def delete(forge: Forge, options: argparse.Namespace) -> int:
    caller = forge.caller()
    return await _change(forge, options, "deleted", lambda asset_id: forge.delete_asset(asset_id, caller))


async def pin(forge: Forge, options: argparse.Namespace) -> int:
    caller, is_pinned = forge.caller(), options.command == "pin"
    state = "pinned" if is_pinned else "unpinned"
    return await _change(forge, options, state, lambda asset_id: forge.pin_asset(asset_id, caller, is_pinned=is_pinned))


async def _change(
    forge: Forge, options: argparse.Namespace, state: str, act: Callable[[str], Awaitable[object]]
) -> int:
    """One thing done to each of several images, all of which are found before the first is touched."""
    found = [(await forge.named_asset(start.lower())).asset_id for start in options.asset_ids]
    changed: list[Json] = []
    for asset_id in dict.fromkeys(found):
        try:
            await act(asset_id)
        except ForgeError as error:
            changed.append({"asset_id": asset_id, "state": "refused", "error": error.message})
        else:
            changed.append({"asset_id": asset_id, "state": state})
    _print(changed, options, [f"{each['asset_id'][:16]}  {each.get('error', state)}" for each in changed])
    return FAILED if any("error" in each for each in changed) else DONE


async def keys(forge: Forge, options: argparse.Namespace) -> int:
    """Keys of the HTTP door. A new key is shown once and never again."""
    if options.action == "list":
        found = await forge.keys()
        lines = lists.of_keys(found) if found else ["There are no keys yet."]
        _print([_key_json(key) for key in found], options, lines)
        return DONE
    if not options.name:
        raise InvalidRequest(f"Name the key: imgforge-mcp keys {options.action} NAME.", field="name")
    match options.action:
        case "create":
            allowance = Allowance(
                per_minute=options.per_minute,
                per_day=options.per_day,
                per_month=options.per_month,
                concurrency=options.concurrency,
                budget_usd_month=options.budget_usd_month,
            )
            expires = _expiry(options.expires)
            key, record = await forge.create_key(
                options.name, allowance, project_id=options.project, expires_at=expires
            )
            shown = {**_key_json(record), "key": key, "webhook_secret": record.webhook_secret}
            _print(shown, options, [key, f"webhook secret: {record.webhook_secret}", "Neither is shown again."])
        case "rotate":
            key = await forge.rotate_key(options.name)
            _print({"name": options.name, "key": key}, options, [key, "The old key has ended; this one is shown once."])
        case _:
            await forge.revoke_key(options.name)
            _print({"name": options.name, "state": "revoked"}, options, [f"The key {options.name} has ended."])
    return DONE


async def migrate(forge: Forge, options: argparse.Namespace) -> int:
    """Bring the registry's tables up to date; servers and workers do so too when they start."""
    applied = await forge.migrate()
    _print({"applied": applied}, options, applied or ["The registry is up to date."])
    return DONE


async def webhooks(forge: Forge, options: argparse.Namespace) -> int:
    """Who was to be told of a job's end, and how it went; telling again; what signs."""
    match options.action:
        case "list":
            found = await forge.webhooks(max(1, options.limit))
            rows = [_webhook_row(webhook) for webhook in found]
            _print([_webhook_json(webhook) for webhook in found], options, rows or ["There are no webhooks yet."])
        case "replay":
            if not options.name:
                raise InvalidRequest("Say which: imgforge-mcp webhooks replay ID.", field="name")
            webhook = await forge.replay_webhook(options.name)
            _print(_webhook_json(webhook), options, [_webhook_row(webhook)])
            return DONE if webhook.state is WebhookState.DELIVERED else FAILED
        case _:
            secret = await forge.webhook_secret(options.name)
            _print({"name": options.name, "webhook_secret": secret}, options, [secret])
    return DONE


def _webhook_json(webhook: Webhook) -> Json:
    """Without the query of its address, where receivers put tokens."""
    return {
        "webhook_id": webhook.webhook_id,
        "job_id": webhook.job_id,
        "url": webhook.url.partition("?")[0],
        "state": webhook.state.value,
        "tries": webhook.tries,
        "last_status": webhook.last_status,
        "last_error": webhook.last_error,
        "due_at": iso(webhook.due_at),
        "ended_at": iso(webhook.ended_at),
    }


def _webhook_row(webhook: Webhook) -> str:
    told = webhook.last_status or webhook.last_error or "-"
    return (
        f"{webhook.webhook_id}  {webhook.state.value:<9}  {webhook.tries:>2}  {told}\n  {webhook.url.partition('?')[0]}"
    )


def _expiry(text: str | None) -> datetime | None:
    """A moment from `30d` or an ISO date. Raises InvalidRequest."""
    if text is None:
        return None
    if match := DAYS.fullmatch(text):
        return datetime.now(UTC) + timedelta(days=int(match[1]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest("--expires is days (30d) or an ISO date (2027-01-31).", field="--expires") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key_json(key: ApiKey) -> Json:
    limits = {name: value for name, value in asdict(key.allowance).items() if value is not None}
    times = {"created_at": key.created_at, "expires_at": key.expires_at, "last_used_at": key.last_used_at}
    return {
        "name": key.name,
        "start": key.start,
        "state": "revoked" if key.revoked_at else "live",
        "project_id": key.project_id,
        "limits": limits,
        **{name: moment.isoformat(timespec="seconds") if moment else None for name, moment in times.items()},
    }


async def references(forge: Forge, options: argparse.Namespace) -> int:
    """Characters and styles by name, of the person at the terminal or of a key's holder."""
    caller = _person(forge)
    if options.key_name is not None:
        caller = replace(caller, tenant=await forge.tenant_of(options.key_name))
    if options.action != "list" and not options.name:
        raise InvalidRequest(f"Name it: imgforge-mcp references {options.action} NAME.", field="name")
    match options.action:
        case "list":
            found = await forge.kept_references(caller)
            empty = ["Nothing is kept yet: imgforge-mcp references add NAME PICTURE."]
            _print([_kept_json(kept) for kept in found], options, lists.of_references(found) if found else empty)
        case "add":
            pictures = [_file(picture) for picture in options.pictures]
            kept = await forge.keep_reference(options.name, pictures, options.words, caller)
            count = f"{len(kept.pictures)} picture{'' if len(kept.pictures) == 1 else 's'}"
            use = f"imgforge-mcp generate --reference {kept.name} …"
            _print(_kept_json(kept), options, [f"{kept.name} is kept with {count}; draw by it with: {use}"])
        case _:
            await forge.drop_reference(options.name, caller)
            _print({"name": options.name, "state": "removed"}, options, [f"{options.name} is no longer kept."])
    return DONE


def _kept_json(kept: KeptReference) -> Json:
    return {"name": kept.name, "words": kept.words, "pictures": [_asset(asset) for asset in kept.pictures]}


BY_NAME: dict[str, Command] = {
    "generate": generate,
    "edit": edit,
    "transform": transform,
    "save": save,
    "usage": usage,
    "jobs": jobs,
    "models": models,
    "assets": assets,
    "delete": delete,
    "pin": pin,
    "unpin": pin,
    "doctor": doctor,
    "references": references,
    "keys": keys,
    "migrate": migrate,
    "webhooks": webhooks,
}


def _request(options: argparse.Namespace) -> ImageRequest:
    """The command's options as a request. Raises InvalidRequest."""
    values: Json = {
        "prompt": " ".join(options.prompt),
        "quality_tier": options.tier,
        "model": options.model,
        "provider": options.provider,
        "n": options.n,
        "seed": options.seed,
        "negative_prompt": options.negative,
        "style": options.style,
        "input_images": _inputs(options),
        "reference": options.reference,
        "is_edit": hasattr(options, "image") or None,
        "mask": _file(options.mask) if getattr(options, "mask", None) else None,
        "strength": getattr(options, "strength", None),
        "max_cost_usd": options.max_cost,
        "idempotency_key": options.key,
        "save_to": _here(options.out),
    }
    return kindly.read(ImageRequest, {**values, **_sides(options)})


def _transform_request(options: argparse.Namespace) -> ImageRequest:
    """Raises InvalidRequest."""
    edges = {name: getattr(options, name) for name in ("left", "top", "right", "bottom")}
    said = {"operation": options.operation, "scale": options.scale, "format": options.format, "fit": options.fit}
    wanted = kindly.read(Transform, {**said, **edges, **_sides(options)})
    return wanted.job_request(
        _file(options.image),
        provider=options.provider,
        max_cost_usd=options.max_cost,
        save_to=_here(options.out),
    )


def _sides(options: argparse.Namespace) -> Json:
    """Raises InvalidRequest: --size is neither pixels nor a shape."""
    if not options.size:
        return {}
    if spelling.size(options.size) is None and spelling.shape(options.size) is None:
        raise InvalidRequest("--size is pixels (1024x768) or a shape (16:9).", field="--size")
    return {"size": options.size}


def _inputs(options: argparse.Namespace) -> list[str] | None:
    """The image to change first, then the references."""
    given = [*([options.image] if hasattr(options, "image") else []), *(options.input or [])]
    return [_file(reference) for reference in given] or None


def _file(reference: str) -> str:
    """A file of the current directory by its whole path; anything else as it is."""
    return os.path.abspath(reference) if os.path.isfile(reference) else reference


def _here(path: str | None) -> str | None:
    """A relative path is the current directory's; one that ends in a slash stays a directory."""
    if path is None or os.path.isabs(path) or path.startswith("~"):
        return path
    return os.path.abspath(path) + ("/" if path.endswith(("/", os.sep)) else "")


def _person(forge: Forge) -> Caller:
    """The person at the terminal, who may read and write wherever the shell may."""
    root = Path(Path.cwd().anchor)
    caller = forge.caller()
    return replace(caller, directories=(*caller.directories, root), outputs=(*caller.outputs, root))


async def _named(forge: Forge, job: Job) -> Job:
    """The job with a copy of each of its pictures in the output directory, under a name that a person can read: the
    day, the prompt's first words, the job. (A copy, not a link: whoever edits it must not damage the store.)"""
    if not job.assets or not forge.config.output_dirs:
        return job
    words = from_title(job.request.prompt).lower().split()
    kept = words[1:] if words[0] in ARTICLES and len(words) > 1 else words
    name = "-".join([job.created_at.date().isoformat(), *kept[:NAME_WORDS], job.job_id[-4:]])
    places = [
        forge.config.output_dirs[0] / f"{name}{f'-{number}' if number else ''}" for number in range(len(job.assets))
    ]
    try:
        saved = [await _copied(forge, asset, place) for asset, place in zip(job.assets, places, strict=True)]
    except ForgeError as error:
        return replace(job, warnings=(*job.warnings, f"Not copied to {forge.config.output_dirs[0]}: {error.message}"))
    return replace(job, saved_to=tuple(saved))


async def _copied(forge: Forge, asset: Asset, place: Path) -> str:
    """The copy, written unless it is there already: the same job may be asked about twice."""
    there = place.with_name(f"{place.name}.{EXTENSIONS[asset.mime_type]}")
    is_there = await anyio.Path(there).is_file() and (await anyio.Path(there).stat()).st_size == asset.bytes
    return str(there if is_there else await forge.export(asset, str(place), _person(forge)))


async def _show_picture(forge: Forge, asset: Asset, options: argparse.Namespace) -> None:
    """The picture itself, where the terminal can show one and the person wants it."""
    if options.json or options.no_preview or forge.config.preview == "off" or not pictures.can_show():
        return
    data = await forge.preview(asset, pictures.MOST_BYTES)
    if data is not None:
        await anyio.to_thread.run_sync(partial(pictures.show, data))


async def _show_job(forge: Forge, job: Job, options: argparse.Namespace) -> int:
    value = job_json(forge, None, job)
    if job.state is JobState.FAILED and job.error is not None:
        _print(job.error if options.json else value, options, [f"imgforge-mcp: {job.error['error']}"], to_stderr=True)
        return FAILED
    unsaid = [warning for warning in job.warnings if warning not in value["message"]]
    notes = [line for warning in unsaid for line in wrapped(f"  note: {warning}", "    ")]
    _print(value, options, [*wrapped(value["message"]), *notes])
    for asset in job.assets:
        await _show_picture(forge, asset, options)
    return DONE


async def _found(forge: Forge, options: argparse.Namespace) -> Asset:
    """The one image whose id begins as given."""
    start = (options.asset_id or "").lower()
    if not start:
        raise InvalidRequest("Name an image by its id; 'imgforge-mcp assets list' shows them.", field="asset_id")
    return await forge.named_asset(start)


async def _export(forge: Forge, options: argparse.Namespace) -> None:
    asset = await _found(forge, options)
    if not options.path:
        raise InvalidRequest("Say where to write it: imgforge-mcp assets export ID PATH.", field="path")
    written = await forge.export(asset, _here(options.path) or "", _person(forge))
    _print({"path": str(written)}, options, [str(written)])


async def _check_usage(forge: Forge, options: argparse.Namespace) -> int:
    """The sums that `usage` shows against every call on record."""
    drift = await forge.usage_drift()
    lines = [f"{line['day']} {line['provider']}/{line['model']} {line['outcome']}: the sum is wrong" for line in drift]
    _print({"drift": drift}, options, lines or ["The sums are what the calls add up to."])
    return FAILED if drift else DONE


async def _verify(forge: Forge, options: argparse.Namespace) -> int:
    """Every image against its hash; nothing is moved."""
    checked, damaged = await forge.damaged_assets()
    lines = [
        f"{checked - len(damaged)} of {checked} images are sound.",
        *(f"damaged or missing: {p}" for p in damaged),
    ]
    _print({"checked": checked, "damaged": damaged}, options, lines)
    return FAILED if damaged else DONE


def _asset(asset: Asset) -> Json:
    return {
        "asset_id": asset.asset_id,
        "mime_type": asset.mime_type,
        "width": asset.width,
        "height": asset.height,
        "bytes": asset.bytes,
    }
