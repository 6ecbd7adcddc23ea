// The console's script: live numbers, passkeys, and two keys. Pages work without it.
"use strict";

const $ = (wanted, within = document) => within.querySelector(wanted);
const all = (wanted, within = document) => [...within.querySelectorAll(wanted)];

// ---- live updates ----

const live = {
  source: null,
  timer: 0,
  last: 0,
  // Milliseconds between two looks at the page, however fast things change.
  pause: 5000,

  start() {
    const address = document.body.dataset.live;
    if (!address || !window.EventSource) return;
    const source = new EventSource(address);
    this.source = source;
    source.onopen = () => this.say(true, "live");
    source.onerror = () => {
      const over = source.readyState === EventSource.CLOSED;
      this.say(false, over ? "not live: load again" : "connecting …");
      // Perhaps nobody is signed in any more: then the page must not stay.
      if (over) this.look();
    };
    source.addEventListener("tick", (event) => this.tick(JSON.parse(event.data)));
    source.addEventListener("missed", () => this.soon());
  },

  say(good, text) {
    const item = $("#live");
    if (!item) return;
    item.hidden = false;
    $(".dot", item).className = good ? "dot good" : "dot warning";
    $("#live-says").textContent = text;
  },

  tick(tick) {
    for (const [name, text] of tick.numbers || []) {
      for (const element of all(`[data-number="${CSS.escape(name)}"]`)) {
        if (element.textContent !== text) element.textContent = text;
      }
    }
    const mine = (document.body.dataset.topics || "").split(" ");
    if ((tick.topics || []).some((topic) => mine.includes(topic))) this.soon();
  },

  // Looks again after a while, and only while somebody can see it.
  soon() {
    if (this.timer) return;
    const wait = Math.max(1000, this.last + this.pause - Date.now());
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (document.hidden) this.stale = true;
      else this.look();
    }, wait);
  },

  // The header says that nobody asked: it keeps no session alive.
  async look() {
    this.last = Date.now();
    this.stale = false;
    try {
      const answer = await fetch(location.href, { headers: { "x-live": "1" }, redirect: "manual" });
      // To the way in: what was shown is for those who are signed in.
      if (answer.type === "opaqueredirect") return location.reload();
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      let changed = 0;
      for (const part of all("[data-part]")) {
        const next = $(`[data-part="${CSS.escape(part.dataset.part)}"]`, fresh);
        if (!next || next.innerHTML === part.innerHTML || busy(part)) continue;
        part.replaceChildren(...next.childNodes);
        changed += 1;
      }
      if (changed) this.tell();
    } catch {
      this.say(false, "connecting …");
    }
  },

  // Read out politely, and shown for a moment.
  tell() {
    const line = $("#fresh");
    if (!line) return;
    line.hidden = false;
    line.textContent = `Updated at ${new Date().toISOString().slice(11, 19)} UTC`;
    clearTimeout(this.shown);
    this.shown = setTimeout(() => { line.hidden = true; }, 4000);
  },
};

// Whether somebody is at work in a part: its form is changed, or a field or text is held.
function busy(part) {
  if (part.contains(document.activeElement) && document.activeElement !== document.body) return true;
  const selection = document.getSelection();
  if (selection && !selection.isCollapsed && part.contains(selection.anchorNode)) return true;
  if ($("details[open]", part)) return true;
  return all("input, textarea, select", part).some((field) =>
    field.type === "checkbox" ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT" ? all("option", field).some((option) => option.selected !== option.defaultSelected && option.defaultSelected)
        : field.type !== "hidden" && field.value !== field.defaultValue);
}

// ---- passkeys ----

const base64url = {
  read(text) {
    const plain = text.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0)).buffer;
  },
  write(buffer) {
    const letters = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  },
};

// Options as the browser wants them; newer browsers read JSON by themselves.
function options(kind, json) {
  const key = json.publicKey || json;
  const read = kind === "create" ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (PublicKeyCredential[read]) return PublicKeyCredential[read](key);
  const bytes = (list) => (list || []).map((item) => ({ ...item, id: base64url.read(item.id) }));
  const out = { ...key, challenge: base64url.read(key.challenge) };
  if (kind === "create") {
    out.user = { ...key.user, id: base64url.read(key.user.id) };
    out.excludeCredentials = bytes(key.excludeCredentials);
  } else {
    out.allowCredentials = bytes(key.allowCredentials);
  }
  return out;
}

// A credential as JSON.
function written(credential) {
  if (credential.toJSON) {
    try { return credential.toJSON(); } catch { /* some password managers lie about it */ }
  }
  const answer = credential.response;
  const response = { clientDataJSON: base64url.write(answer.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (answer[name]) response[name] = base64url.write(answer[name]);
  }
  if (answer.getTransports) response.transports = answer.getTransports();
  return {
    id: credential.id,
    rawId: base64url.write(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(json.detail || "The service gave no answer. Try again.");
  return json;
}

// What the browser says when it does not work, in words that help.
function plain(error, kind) {
  switch (error.name) {
    case "NotAllowedError":
      return "The browser stopped it: it was cancelled, took too long, or no fitting key is here. Try again.";
    case "InvalidStateError":
      return kind === "create" ? "This key is registered already. Use another one." : "This key cannot be used here.";
    case "SecurityError":
      return "Passkeys do not work at this address. Open the console by its name instead of a number, or use a password.";
    case "NotSupportedError":
    case "ConstraintError":
      return "This key cannot do what is needed. Use another one.";
    case "AbortError":
      return "It was cancelled. Try again.";
    case "TypeError":
      return "The service cannot be reached. Look at the connection and try again.";
    default:
      return error.message || "That did not work. Try again.";
  }
}

async function passkey(panel) {
  const kind = panel.dataset.passkey;
  const value = (name) => ($(`[name="${name}"]`, panel) || { value: "" }).value.trim();
  const body = kind === "create"
    ? { link: panel.dataset.link, name: value("name"), label: value("label") }
    : { next: panel.dataset.next };
  if (kind === "create" && !body.name) throw new Error("Type your name first.");
  if (!window.PublicKeyCredential) {
    throw new Error("This browser has no passkeys, or the page is not on HTTPS. Use a password instead.");
  }
  const begun = await ask(`/auth/passkey/${kind}/begin`, body);
  const credential = await navigator.credentials[kind]({ publicKey: options(kind, begun) });
  if (!credential) throw new Error("No key was chosen. Try again.");
  const done = await ask(`/auth/passkey/${kind}/finish`, { ...body, credential: written(credential) });
  location.assign(done.next || "/");
}

for (const panel of all("[data-passkey]")) {
  const button = $("[data-go]", panel);
  const problem = $("[data-problem]", panel);
  if (!button) continue;
  const go = async () => {
    button.disabled = true;
    problem.hidden = true;
    try {
      await passkey(panel);
    } catch (error) {
      problem.textContent = plain(error, panel.dataset.passkey);
      problem.hidden = false;
      button.disabled = false;
    }
  };
  button.addEventListener("click", go);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") go();
  });
}

// ---- keys and comforts ----

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    const search = $("[data-search]");
    if (search) search.focus();
    else location.assign("/devices#search");
  }
  if (event.key === "Escape") all("nav details[open]").forEach((menu) => { menu.open = false; });
});

// A password that is typed can be looked at; it is hidden again before it is sent.
for (const button of all("[data-show]")) {
  const field = $("input", button.parentElement);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide password" : "Show password";
  };
  button.hidden = false;
  button.addEventListener("click", () => { show(field.type === "password"); field.focus(); });
  field.form.addEventListener("submit", () => show(false));
}

for (const field of all("[data-copy]")) field.addEventListener("focus", () => field.select());

// A form is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent && form.method === "post" && !form.action.endsWith("/export")) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));

// Where a link leads to a closed part, it is opened.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  if (target.matches("[data-search]")) target.focus();
}
window.addEventListener("hashchange", reveal);
reveal();

document.addEventListener("visibilitychange", () => { if (!document.hidden && live.stale) live.look(); });
// A page that is left holds no connection: browsers have six per host over HTTP/1.1.
window.addEventListener("pagehide", () => { if (live.source) live.source.close(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) live.start(); });
live.start();
