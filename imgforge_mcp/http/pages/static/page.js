// The page, live: what works without this script is looking, making, editing and deleting by forms.

const prefix = document.body.dataset.prefix;
const grid = document.getElementById("grid");
const make = document.getElementById("make");
const toast = document.getElementById("toast");

function say(text) {
  toast.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.textContent = ""; }, 4000);
}

/** Server-made, escaped markup as elements; parsed apart, where no script of it could run. */
function elements(html) {
  return [...new DOMParser().parseFromString(`<ul>${html}</ul>`, "text/html").querySelector("ul").children];
}

async function sent(form, submitter) {
  const body = new FormData(form, submitter);
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `The server answered ${answer.status}.`);
  return said;
}

// Times as people of this place write them.
function tell(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      time.title = time.textContent;
      time.textContent = moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  }
}

// The gallery: what is new appears, what changes is replaced, what is older comes when one scrolls.
function placed(card) {
  tell(card);
  const known = document.getElementById(card.id);
  if (!known) {
    document.querySelector(".empty")?.remove();
    const before = [...grid.children].find((other) => !other.dataset.job || other.dataset.job < card.dataset.job);
    grid.insertBefore(card, before ?? null);
    return;
  }
  const hadFocus = known.contains(document.activeElement);
  if (known.dataset.state !== card.dataset.state && card.dataset.state === "completed") say("A picture is ready.");
  known.replaceWith(card);
  if (hadFocus) card.querySelector("a")?.focus();
}

function watch(since, onCard) {
  const source = new EventSource(`${prefix}/page/events?since=${encodeURIComponent(since)}`);
  source.addEventListener("card", (event) => onCard(JSON.parse(event.data)));
  addEventListener("pagehide", () => source.close());
  return source;
}

const loading = new IntersectionObserver(async (entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    loading.unobserve(entry.target);
    const link = entry.target.querySelector("a");
    try {
      const answer = await fetch(`${link.href}&part=cards`);
      if (!answer.ok) throw new Error();
      const cards = elements(await answer.text());
      for (const card of cards) tell(card);
      entry.target.replaceWith(...cards.filter((card) => !document.getElementById(card.id) || !card.id));
      observe();
    } catch {
      say("Older pictures could not be loaded.");
    }
  }
}, { rootMargin: "900px" });

function observe() {
  const older = grid?.querySelector(".older");
  if (older) loading.observe(older);
}

if (grid) {
  observe();
  if (grid.dataset.live !== undefined) watch(grid.dataset.live, ({ html }) => elements(html).forEach(placed));
  grid.addEventListener("keydown", (event) => {
    const cards = [...grid.querySelectorAll("a.open")];
    const at = cards.indexOf(document.activeElement);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const top = cards[at].getBoundingClientRect().top;
    const across = cards.filter((card) => Math.abs(card.getBoundingClientRect().top - top) < 4).length || 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
    if (step && cards[at + step]) {
      event.preventDefault();
      cards[at + step].focus();
    }
  });
}

// Making: the price before sending, pictures dropped in, several at once.
if (make) {
  const price = document.getElementById("price");
  const wrong = document.getElementById("make-error");
  const files = make.elements.references;
  const shown = document.getElementById("chosen");
  let asked = 0;
  let timer;

  const quote = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++asked;
      if (!make.elements.prompt.value.trim()) { price.textContent = ""; return; }
      const body = new FormData(make);
      body.delete("references");
      const answer = await fetch(`${prefix}/page/price`, { method: "POST", body, headers: { Accept: "application/json" } });
      const said = await answer.json().catch(() => ({}));
      if (mine === asked) price.textContent = answer.ok ? `${said.said}, by ${said.by}` : said.error ?? "";
    }, 350);
  };
  const chosen = () => {
    shown.replaceChildren(...[...files.files].map((file) => {
      const image = new Image();
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      image.onload = () => URL.revokeObjectURL(image.src);
      const item = document.createElement("li");
      item.append(image);
      return item;
    }));
  };
  make.addEventListener("input", quote);
  files.addEventListener("change", chosen);
  make.addEventListener("dragover", (event) => { event.preventDefault(); make.classList.add("over"); });
  make.addEventListener("dragleave", () => make.classList.remove("over"));
  make.addEventListener("drop", (event) => {
    event.preventDefault();
    make.classList.remove("over");
    const all = new DataTransfer();
    for (const file of [...files.files, ...event.dataTransfer.files]) if (file.type.startsWith("image/")) all.items.add(file);
    files.files = all.files;
    chosen();
  });
  make.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.hidden = true;
    event.submitter.disabled = true;
    try {
      const { job_id: job, place } = await sent(make, event.submitter);
      say("It is being made.");
      make.elements.prompt.value = "";
      price.textContent = "";
      asked += 1;
      files.value = "";
      chosen();
      if (grid.dataset.live === undefined) location.assign(place);
      else make.elements.prompt.focus();
      make.dataset.made = job;
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    } finally {
      event.submitter.disabled = false;
    }
  });
  make.elements.prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) make.requestSubmit(make.querySelector(".primary"));
  });
}

// One picture: it comes when it is ready; texts and addresses are copied.
const waiting = document.querySelector("[data-watch]")?.dataset.watch;
if (waiting) {
  watch("", ({ job_id: job, state, html }) => {
    if (job !== waiting) return;
    if (!["queued", "processing"].includes(state)) { location.reload(); return; }
    const [card] = elements(html);
    const here = document.querySelector(".waiting progress");
    const there = card.querySelector("progress");
    if (there?.hasAttribute("value")) here.value = there.value;
    document.querySelector(".waiting [aria-live]").textContent = card.querySelectorAll(".line")[1]?.textContent ?? "";
  });
}
for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-url]");
  if (!button) return;
  event.preventDefault();
  const text = button.dataset.copy ?? new URL(button.dataset.copyUrl, location.href).href;
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("This browser does not let the page copy.");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.altKey || event.ctrlKey || event.metaKey) return;
  const field = { "/": "q", n: "prompt" }[event.key];
  const element = field && document.getElementById(field);
  if (element) {
    event.preventDefault();
    element.focus();
  } else if (event.key === "Escape" && document.querySelector(".picture")) {
    location.assign(`${prefix}/`);
  }
});
tell(document);
