// The picture in a chat (MCP Apps, 2026-01-26): shows what the tool answered; changes go through the host, as tool calls.
"use strict";

const TIERS = ["draft", "standard", "premium", "ultra", "ultra_plus"];
const WAIT_SECONDS = 20;
const $ = (id) => document.getElementById(id);
const pending = new Map();
const shown = [];  // every result so far: { job, asked, images: [{ data, type }] }
let at = -1;
let asked = {};
let host = {};
let number = 0;
let current = 0;  // the newest request of ours; answers of older ones only join the variants

// The bridge ---------------------------------------------------------------------------------------------------------

function post(message) {
  parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

function request(method, params) {
  const id = ++number;
  post({ id, method, params });
  return new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
}

addEventListener("message", ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== "2.0") return;
  if (data.method === undefined) {
    const waiting = pending.get(data.id);
    pending.delete(data.id);
    if (data.error) waiting?.reject(new Error(data.error.message));
    else waiting?.resolve(data.result ?? {});
  } else if (data.id !== undefined) {
    const known = ["ping", "ui/resource-teardown"].includes(data.method);
    post({ id: data.id, ...(known ? { result: {} } : { error: { code: -32601, message: "Method not found" } }) });
  } else {
    heard(data.method, data.params ?? {});
  }
});

function heard(method, params) {
  if (method === "ui/notifications/tool-input") {
    asked = params.arguments ?? {};
    $("prompt").textContent = asked.prompt ?? "";
  } else if (method === "ui/notifications/tool-result") {
    take(params, asked);
  } else if (method === "ui/notifications/tool-cancelled") {
    fail(params.reason ?? "It was called off.");
  } else if (method === "ui/notifications/host-context-changed") {
    dress(params);
  }
}

function dress(context) {
  if (context.theme) document.documentElement.dataset.theme = context.theme;
}

// What came ----------------------------------------------------------------------------------------------------------

function told(result) {
  for (const block of result.content ?? []) {
    if (block.type !== "text") continue;
    try {
      const value = JSON.parse(block.text);
      if (value && typeof value === "object") return value;
    } catch { /* a sentence */ }
  }
  return result.structuredContent ?? {};
}

async function take(result, request) {
  const job = told(result);
  if (result.isError || job.state === "failed" || job.state === "canceled") {
    fail(job.error?.error ?? job.error ?? job.message ?? "It could not be made.");
    return;
  }
  if (Array.isArray(job.items) || Array.isArray(job.jobs)) {
    list(job, result);
    return;
  }
  if (job.state === "completed") {
    const images = (result.content ?? []).filter((block) => block.type === "image");
    add({ job, asked: request, images: images.map((block) => ({ data: block.data, type: block.mimeType })) });
    return;
  }
  if (job.job_id) await watch(job, request);
}

function list(batch, result) {
  $("said").textContent = batch.message ?? "";
  const images = (result.content ?? []).filter((block) => block.type === "image");
  if (images.length) add({ job: { message: batch.message, state: "completed" }, asked: {}, images: images.map((block) => ({ data: block.data, type: block.mimeType })) });
  else $("app").removeAttribute("aria-busy");
}

/** A job that takes longer than a call may: ask again, each time for as long as the server lets one wait. */
async function watch(job, request) {
  wait(job.progress?.message ?? "The picture is being made.", job.progress?.fraction);
  if (!host.serverTools) { $("said").textContent = job.message; return; }
  const answer = await call("check_job", { job_id: job.job_id, wait_seconds: WAIT_SECONDS });
  if (answer) await take(answer, request);
}

function wait(text, fraction) {
  $("picture").hidden = true;
  $("waiting").hidden = false;
  $("wrong").hidden = true;
  $("said").textContent = text;
  if (fraction === undefined || fraction === null) $("progress").removeAttribute("value");
  else $("progress").value = fraction * 100;
  $("app").setAttribute("aria-busy", "true");
  for (const button of document.querySelectorAll("#actions button, #edit button")) button.disabled = true;
}

function fail(text) {
  $("wrong").textContent = typeof text === "string" ? text : "It could not be made.";
  $("wrong").hidden = false;
  $("waiting").hidden = true;
  $("app").removeAttribute("aria-busy");
  for (const button of document.querySelectorAll("#actions button, #edit button")) button.disabled = false;
  if (at >= 0) show(at);
  else offer();
}

function add(entry) {
  const many = Math.max(1, entry.images.length);
  for (let picture = 0; picture < many; picture += 1) shown.push({ ...entry, picture });
  show(shown.length - many);
}

function show(position) {
  at = position;
  const { job, asked: from, images, picture } = shown[at];
  const image = images[picture];
  $("waiting").hidden = true;
  $("wrong").hidden = true;
  $("picture").hidden = !image;
  if (image) $("picture").src = `data:${image.type};base64,${image.data}`;
  const prompt = job.original_prompt ?? from.prompt ?? "";
  $("picture").alt = prompt;
  $("prompt").textContent = prompt || job.message || "";
  const asset = job.assets?.[picture];
  const cost = job.cost_usd === 0 ? "free" : job.cost_usd ? `$${Number(job.cost_usd.toPrecision(3))}` : "";
  const facts = [
    job.provider ? `${job.provider}/${job.model}` : "", cost, (job.quality_tier ?? "").replace("_", " "),
    asset ? `${asset.width} × ${asset.height}` : "", asset?.seed !== undefined ? `seed ${asset.seed}` : "",
  ];
  $("facts").replaceChildren(...facts.filter(Boolean).map((text) => element("span", text)));
  $("app").removeAttribute("aria-busy");
  for (const button of document.querySelectorAll("#actions button, #edit button")) button.disabled = false;
  strip();
  offer();
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function strip() {
  $("variants").hidden = shown.length < 2;
  $("variants").replaceChildren(...shown.map(({ images, picture, job }, position) => {
    const button = document.createElement("button");
    const small = document.createElement("img");
    small.alt = `${position + 1}. ${job.original_prompt ?? ""}`;
    if (images[picture]) small.src = `data:${images[picture].type};base64,${images[picture].data}`;
    if (position === at) button.setAttribute("aria-current", "true");
    button.append(small);
    button.addEventListener("click", () => show(position));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
}

/** Only what this host can do, with this picture. */
function offer() {
  const { job, picture } = shown[at] ?? {};
  const asset = job?.assets?.[picture];
  const canCall = Boolean(host.serverTools && job?.job_id);
  $("vary").hidden = !canCall;
  $("edit").hidden = !canCall || !asset;
  $("again").hidden = !canCall || TIERS.indexOf(job.quality_tier ?? "standard") >= TIERS.length - 1;
  $("full").hidden = !(host.serverResources && asset);
  $("save").hidden = !(host.downloadFile && host.serverResources && asset);
  $("open").hidden = !(host.openLinks && asset?.url);
}

// What a person does -------------------------------------------------------------------------------------------------

async function call(name, args) {
  try {
    return await request("tools/call", { name, arguments: args });
  } catch (error) {
    fail(error.message);
    return null;
  }
}

async function make(name, args, text) {
  const mine = ++current;
  wait(text);
  const answer = await call(name, args);
  if (!answer) return;
  const before = shown.length;
  await take(answer, { ...args });
  if (mine === current && shown.length > before) tell();
}

/** The model learns what the person has made here. */
function tell() {
  if (!host.updateModelContext) return;
  const { job } = shown[at];
  request("ui/update-model-context", { content: [{ type: "text", text: `${job.message ?? ""} job_id: ${job.job_id}` }] }).catch(() => {});
}

function settings() {
  const { job, asked: from } = shown[at];
  const { idempotency_key: _key, sync: _sync, save_to: _place, job_id: _job, wait_seconds: _wait, ...kept } = from;
  return { ...kept, prompt: job.original_prompt ?? kept.prompt };
}

function repeat(changed, text) {
  const args = { ...settings(), ...changed };
  make(args.image ? "edit_image" : "generate_image", args, text);
}

$("vary").addEventListener("click", () => {
  repeat({ seed: Math.floor(Math.random() * 2 ** 31) }, "A variation is being made.");
});
$("again").addEventListener("click", () => {
  const { model: _model, ...kept } = settings();
  const tier = TIERS[TIERS.indexOf(shown[at].job.quality_tier ?? "standard") + 1];
  make(kept.image ? "edit_image" : "generate_image", { ...kept, quality_tier: tier }, `Once more, at ${tier.replace("_", " ")}.`);
});
// No form: a host's sandbox need not allow one.
function edit() {
  if (!$("change").value.trim() || !$("waiting").hidden) return;
  const { job, picture } = shown[at];
  const image = job.assets.length > 1 ? `${job.job_id}#${picture + 1}` : job.job_id;
  make("edit_image", { image, prompt: $("change").value }, "The change is being made.");
  $("change").value = "";
}
$("edit").querySelector("button").addEventListener("click", edit);
$("change").addEventListener("keydown", (event) => { if (event.key === "Enter") edit(); });

async function whole() {
  const asset = shown[at].job.assets[shown[at].picture];
  const uri = `imgforge://assets/${asset.asset_id}`;
  const answer = await request("resources/read", { uri });
  const [found] = answer.contents;
  return { uri, blob: found.blob, mimeType: found.mimeType ?? asset.mime_type, name: asset.asset_id };
}

$("full").addEventListener("click", async () => {
  try {
    const { blob, mimeType } = await whole();
    if (mimeType !== "image/svg+xml") shown[at].images[shown[at].picture] = { data: blob, type: mimeType };
    show(at);
    if (host.modes?.includes("fullscreen")) await request("ui/request-display-mode", { mode: "fullscreen" });
  } catch (error) {
    fail(error.message);
  }
});
$("save").addEventListener("click", async () => {
  try {
    const { blob, mimeType, name } = await whole();
    const file = `file:///imgforge-${name.slice(0, 12)}.${{ "image/jpeg": "jpg", "image/svg+xml": "svg" }[mimeType] ?? mimeType.split("/")[1]}`;
    await request("ui/download-file", { contents: [{ type: "resource", resource: { uri: file, mimeType, blob } }] });
  } catch (error) {
    fail(error.message);
  }
});
$("open").addEventListener("click", () => {
  request("ui/open-link", { url: shown[at].job.assets[shown[at].picture].url }).catch((error) => fail(error.message));
});

// The beginning ------------------------------------------------------------------------------------------------------

new ResizeObserver(() => {
  const height = Math.ceil($("app").getBoundingClientRect().height);
  post({ method: "ui/notifications/size-changed", params: { height } });
}).observe($("app"));

request("ui/initialize", {
  appInfo: { name: "imgforge", version: "1" },
  appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  protocolVersion: "2026-01-26",
}).then((answer) => {
  host = { ...answer.hostCapabilities, modes: answer.hostContext?.availableDisplayModes };
  dress(answer.hostContext ?? {});
  offer();
  post({ method: "ui/notifications/initialized", params: {} });
}).catch((error) => fail(error.message));
