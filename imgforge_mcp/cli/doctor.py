"""`imgforge-mcp doctor`: what is configured, whether it works, where files go, and one line that mends each finding."""

import argparse
import textwrap
from dataclasses import dataclass

import anyio.to_thread

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.legible import legible
from imgforge_mcp.base.types import Json
from imgforge_mcp.cli.install.inspection import seen_clients
from imgforge_mcp.cli.output import SHOWN, as_json
from imgforge_mcp.forge import Forge
from imgforge_mcp.local.models.pulled import all_pulled
from imgforge_mcp.providers.configured import all_providers, key_hint

DONE, FAILED = 0, 1
COLUMNS = 80
KEY_STATES = {
    "works": "the key works",
    "rejected": "the key is rejected",
    "unreachable": "no answer",
    "unchecked": "configured; it has no free question to check the key with",
}
BUILT_IN = "built in; it needs no key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it should be (or, with `is_hint`, could be better), and the line that mends it."""

    what: str
    mend: str
    is_hint: bool = False
    stops_pictures: bool = False


async def doctor(forge: Forge, options: argparse.Namespace) -> int:
    """Each provider is asked its one free question, each registered client's command is tried; nothing is spent. The
    exit code is 1 where no picture can be made."""
    config = forge.config
    findings: list[Finding] = []
    try:
        await forge.check_storage()
    except ForgeError as error:
        findings.append(Finding(what=error.message, mend="free disk space, or set IMGFORGE_HOME", stops_pictures=True))
    budgets = (await forge.usage("day", None, forge.caller()))["budgets"]
    checks = await forge.check_providers()
    findings += [finding for name, check in checks.items() if (finding := _of_key(forge, name, check.key))]
    outside = [name for name in checks if not forge.manifests[name].is_local]
    pulled = all_pulled(config.home)
    for form in dict.fromkeys(model.form for model in pulled if not model.form.is_runnable):
        what = f"Models are pulled that {form.package} draws with, and it is not installed."
        findings.append(Finding(what=what, mend=form.install))
    if forge.draws_alone:
        findings.append(
            Finding(
                what="No provider has a key, so the embedded engine draws everything.",
                mend="set GEMINI_API_KEY, or: imgforge-mcp models --pull lcm-dreamshaper",
                is_hint=True,
            )
        )
    elif outside and all(checks[name].key in ("rejected", "unreachable") for name in outside):
        findings = [Finding(what=f.what, mend=f.mend, stops_pictures=True) for f in findings]
    clients = await anyio.to_thread.run_sync(seen_clients, config)
    findings += [Finding(what=s.problem, mend=s.mend or "") for s in clients if s.problem is not None]
    neighbours = await forge.servers_here()
    findings += [Finding(what=what, mend=line, is_hint=True) for what, line in neighbours]
    report: Json = {
        "home": str(config.home),
        "configuration": str(config.source),
        "configuration_exists": bool(config.source and config.source.exists()),
        "output_dirs": [str(path) for path in config.output_dirs],
        "workers": await forge.workers(),
        "store_bytes": await forge.store_bytes(),
        "store_cap_bytes": config.cache_max_bytes,
        "spent_today_usd": budgets["daily"]["committed_usd"],
        "spent_this_month_usd": budgets["monthly"]["committed_usd"],
        "configured": {
            n: BUILT_IN if forge.manifests[n].is_local else KEY_STATES[found.key] for n, found in checks.items()
        },
        "models_here": [model.name for model in pulled],
        "not_configured": [key_hint(p.manifest) for p in all_providers() if p.manifest.name not in forge.manifests],
        "clients": {seen.client.name: seen.state for seen in clients},
        "servers_here": [what for what, _ in neighbours],
        "findings": [{"finding": f.what, "mend": f.mend} for f in findings],
        "problems": [f"{f.what} Mend: {f.mend}." for f in findings if not f.is_hint],
    }
    if options.json:
        print(as_json(report))
    else:
        for line in _lines(report, findings, {seen.client.name: seen.mend for seen in clients}):
            print(legible(line, SHOWN))
    return FAILED if any(finding.stops_pictures for finding in findings) else DONE


def _of_key(forge: Forge, name: str, state: str) -> Finding | None:
    manifest = forge.manifests[name]
    variables = " and ".join((*manifest.key_variables[:1], *manifest.settings.values())) or manifest.base_url_variable
    if state == "rejected":
        page = manifest.key_page or "its site"
        return Finding(
            what=f"{manifest.title}: the key is rejected.", mend=f"check {variables}, or make a new key at {page}"
        )
    if state == "unreachable":
        mend = f"check the network, or {manifest.base_url_variable}"
        return Finding(what=f"{manifest.title}: it does not answer.", mend=mend)
    return None


def _lines(report: Json, findings: list[Finding], mends: dict[str, str | None]) -> list[str]:
    """Within 80 columns, but for paths, which are never broken."""
    lines = [
        f"home: {report['home']}",
        f"configuration: {report['configuration']}",
        *([] if report["configuration_exists"] else ["  (not there; none is needed)"]),
        f"output dirs: {', '.join(report['output_dirs'])}",
        f"store: {_size(report['store_bytes'])} of {_size(report['store_cap_bytes'])}",
        f"spent: ${report['spent_today_usd']:.4g} today, ${report['spent_this_month_usd']:.4g} this month",
        "workers:" if report["workers"] else "workers: none is running",
        *(_wrapped(_worker(found), "  - ") for found in report["workers"]),
        "configured:",
        *(f"  - {name}: {state}" for name, state in report["configured"].items()),
        _wrapped(f"models on this machine: {', '.join(report['models_here']) or 'none'}", ""),
        "not configured:",
        *(_wrapped(hint, "  - ") for hint in report["not_configured"]),
        "clients on this machine:",
    ]
    for name, state in report["clients"].items():
        more = f" ({mends[name]})" if state == "not registered" else ""
        lines.append(_wrapped(f"{name}: {state}{more}", "  - "))
    if not report["clients"]:
        lines.append("  none found; imgforge-mcp install --help names those that are known")
    lines.append("findings:" if findings else "Nothing to mend.")
    for finding in findings:
        lines += [_wrapped(finding.what, "  - "), _wrapped(finding.mend, "    mend: ")]
    return lines


def _worker(found: Json) -> str:
    busy = f"jobs {', '.join(found['jobs'])}" if found["jobs"] else "no job"
    where = f" on {found['host']}" if "host" in found else ""
    return f"process {found['pid']}{where}, version {found['version']}, since {found['started_at']}, {busy}"


def _wrapped(text: str, start: str) -> str:
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
