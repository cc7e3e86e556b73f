// Keeps the text, the form and the preview of the editor in sync. The text is the source of truth: the server applies
// changed fields to it, and renders the form and the preview from it. Without scripts, buttons do the same.
import {defaultKeymap, history, historyKeymap, indentWithTab} from "@codemirror/commands";
import {yaml} from "@codemirror/lang-yaml";
import {bracketMatching, indentOnInput, syntaxHighlighting} from "@codemirror/language";
import {lintGutter, lintKeymap, setDiagnostics} from "@codemirror/lint";
import {Annotation, EditorState} from "@codemirror/state";
import {EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap,
  lineNumbers} from "@codemirror/view";
import {classHighlighter} from "@lezer/highlight";

const PAUSE = 250;

const form = document.getElementById("editor");
const area = document.getElementById("text");
const fromServer = Annotation.define();

// The number of the latest request; older responses are ignored.
let latest = 0;
let controller = new AbortController();
let timer = 0;
// A promise of whether the latest request succeeded.
let pending = null;
// The action of the last pressed button, until its response.
let pressed = null;
let isLeaving = false;
const first = area.value;

const view = new EditorView({
  parent: document.getElementById("code"),
  state: EditorState.create({
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(document.querySelector("script[nonce]").nonce),
      EditorView.contentAttributes.of({
        "aria-labelledby": "text-title", "aria-describedby": "text-hint", spellcheck: "false", autocapitalize: "off",
        tabindex: "0",
      }),
      lineNumbers(), lintGutter(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(),
      indentOnInput(), bracketMatching(), highlightActiveLine(), syntaxHighlighting(classHighlighter), yaml(),
      keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        storeDraft();
        if (!update.transactions.some((each) => each.annotation(fromServer))) schedulePreview();
      }),
    ],
  }),
});
// The label belongs to the hidden text area.
document.querySelector("label[for=text]").addEventListener("click", () => view.focus());

// Store unsaved text in the browser, with the version of the file that it is based on, so that a closed tab or a crash
// loses nothing. A browser may refuse to store it.
const slot = `draft:${document.querySelector(".brand").textContent.trim()}:${form.elements.file.value}`;
const bar = document.getElementById("kept");
function storeDraft(isSent = false) {
  if (!bar.hidden) return;
  try {
    if (area.value === first && !isSent) localStorage.removeItem(slot);
    else localStorage.setItem(slot, JSON.stringify({text: area.value, base: form.elements.base.value, isSent}));
  } catch {}
}
function offerStoredDraft() {
  const kept = JSON.parse(localStorage.getItem(slot) ?? "{}");
  bar.hidden = "unsaved" in form.dataset || (kept.text ?? first) === first;
  document.getElementById("take-kept").addEventListener("click", () => {
    bar.hidden = true;
    form.elements.base.value = kept.base;
    view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: kept.text}});
    view.focus();
  });
  document.getElementById("drop-kept").addEventListener("click", () => {
    bar.hidden = true;
    storeDraft();
    view.focus();
  });
}

// Request a preview after a pause in typing.
function schedulePreview(pause = PAUSE) {
  latest += 1;
  clearTimeout(timer);
  pending = null;
  timer = setTimeout(requestPreview, pause);
}

function requestPreview() {
  clearTimeout(timer);
  timer = 0;
  pending = fetchPreview(++latest);
  return pending;
}

async function fetchPreview(number) {
  form.classList.add("working");
  // Abort the previous preview: the server skips requests of disconnected clients.
  controller.abort();
  controller = new AbortController();
  try {
    const body = new URLSearchParams(new FormData(form));
    if (pressed) body.set(pressed.name, pressed.value);
    const reply = await fetch("/preview", {
      method: "POST", body, headers: {"HX-Request": "true"},
      signal: controller.signal,
    });
    const text = await reply.text();
    if (number !== latest) return false;
    const page = new DOMParser().parseFromString(text, "text/html");
    showTrouble(reply.ok ? "" : (page.querySelector("main p") ?? page.body).textContent || reply.statusText);
    if (reply.ok) {
      const {name, value} = pressed ?? {};
      pressed = null;
      applyResponse(page);
      if (name === "do") focusStep(...value.split(":"));
      if (name === "alerts") focusAlert(...value.split(":"));
    }
    return reply.ok;
  } catch {
    if (number === latest) showTrouble("The server does not respond. Is it still running? Your changes are kept in this page.");
    return false;
  } finally {
    if (number === latest) form.classList.remove("working");
  }
}

// Wait for the response to the latest change, also to changes made while waiting, and return whether it succeeded.
async function isSettled() {
  for (;;) {
    if (timer) requestPreview();
    const waited = pending;
    if (!waited || (await waited)) return true;
    if (!timer && waited === pending) return false;
  }
}

function showTrouble(trouble) {
  const place = document.getElementById("trouble");
  place.textContent = trouble;
  place.hidden = !trouble;
}

// Apply a response. The user has not typed since the request.
function applyResponse(page) {
  applyText(page.getElementById("text").value);
  applyFields(page.getElementById("fields"));
  for (const id of ["status", "preview"]) morph(document.getElementById(id), page.getElementById(id));
  showDiagnostics();
}

// Replace only the changed part of the text, to keep the cursor and the undo history.
function applyText(text) {
  const old = view.state.doc.toString();
  if (old === text) return;
  let from = 0;
  const least = Math.min(old.length, text.length);
  while (from < least && old[from] === text[from]) from += 1;
  let end = 0;
  while (end < least - from && old[old.length - 1 - end] === text[text.length - 1 - end]) end += 1;
  view.dispatch({
    changes: {from, to: old.length - end, insert: text.slice(from, text.length - end)}, annotations: fromServer.of(true),
  });
}

// If the text cannot be read, keep the previous form but disable it.
function applyFields(fields) {
  const old = document.getElementById("fields");
  const isUnreadable = "unreadable" in fields.dataset;
  if (isUnreadable && old.querySelector("#what")) {
    morph(old.querySelector("#unreadable"), fields.querySelector("#unreadable"));
    morph(old.querySelector("#place"), fields.querySelector("#place"));
  } else {
    const active = document.activeElement.id;
    morph(old, fields);
    if (active && document.activeElement.id !== active) document.getElementById(active)?.focus();
  }
  for (const control of old.querySelectorAll(":is(#what, #when, #alert, #others) :is(input, select, textarea, button)")) {
    if (control.type !== "hidden" && control.id !== "search") control.disabled = isUnreadable;
  }
  search();
  for (const wrong of old.querySelectorAll("[aria-invalid]")) wrong.closest("#others, .waits")?.setAttribute("open", "");
}

// Make a part of the page equal to that of the response, except the focused control.
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id || (old.name ?? "") !== (fresh.name ?? "")) {
    old.replaceWith(fresh);
    return;
  }
  if (!old.attributes) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const {name} of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !["open", "hidden", "disabled"].includes(name)) old.removeAttribute(name);
  }
  for (const {name, value} of fresh.attributes) {
    if (old.getAttribute(name) !== value && !["hidden", "autofocus"].includes(name)) old.setAttribute(name, value);
  }
  if (fresh.matches("#unreadable")) old.hidden = fresh.hidden;
  if (old.matches("textarea")) {
    if (old !== document.activeElement && old.value !== fresh.value) old.value = fresh.value;
    return;
  }
  const known = new Map([...old.children].filter((each) => each.id).map((each) => [each.id, each]));
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = child.id ? known.get(child.id) : place?.id ? null : place;
    if (!same) {
      old.insertBefore(child, place);
      continue;
    }
    if (same !== place) old.insertBefore(same, place);
    place = same.nextSibling;
    morph(same, child);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
  if (old.matches("select") && old !== document.activeElement) old.value = fresh.value;
  if (old.matches("input") && (old !== document.activeElement || old.name.startsWith("add:"))) {
    if (old.value !== fresh.value) old.value = fresh.value;
    if (old.checked !== fresh.checked) old.checked = fresh.checked;
  }
}

// Show only the settings whose label, key or help text contains all search words.
function search() {
  const words = document.getElementById("search")?.value.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  let count = 0;
  for (const section of document.querySelectorAll("#others .settings")) {
    for (const field of section.querySelectorAll(".field")) {
      const text = [...field.querySelectorAll("label, legend, .hint")].map((each) => each.textContent).join(" ").toLowerCase();
      field.hidden = !words.every((word) => text.includes(word));
      count += !field.hidden;
    }
    section.hidden = !section.querySelector(".field:not([hidden])");
  }
  const found = document.getElementById("found");
  const said = words.length ? `${count} found` : "";
  if (found && found.textContent !== said) found.textContent = said;
}

// Move the focus to the step that was added or moved, or to the place of a removed one.
function focusStep(what, number) {
  const steps = document.querySelectorAll(".step");
  const index = Number(number);
  const place = {up: index - 1, down: index + 1}[what];
  if (place !== undefined) document.getElementById(`${what}-${place}`)?.focus();
  else if (what === "add") steps[steps.length - 1]?.querySelector("select, input")?.focus();
  else (steps[Math.min(index, steps.length - 1)]?.querySelector("select, input") ?? document.getElementById("add-step")).focus();
}

// Move the focus to the alert that was added, or to the place of a removed one.
function focusAlert(key, what, number) {
  const field = document.getElementById(`field-${key}`);
  const rows = [...field.querySelectorAll(".alerts > li")];
  const row = what === "add" ? rows.at(-1) : rows[Math.min(number, rows.length - 1)];
  (row?.querySelector("input, button") ?? field.querySelector("button")).focus();
}

// Show the diagnostics at their lines.
function showDiagnostics() {
  const doc = view.state.doc;
  const found = [...document.querySelectorAll("#own [data-line]")].map((item) => {
    const line = doc.line(Math.min(Number(item.dataset.line), doc.lines));
    const from = Math.min(line.from + Number(item.dataset.column) - 1, line.to);
    const message = item.querySelector(".message").textContent;
    return {from, to: Math.max(line.to, from), severity: item.dataset.severity, message};
  });
  view.dispatch(setDiagnostics(view.state, found));
}

// A field is touched once the user leaves it or selects a value in it. From then on its errors are shown.
const touched = form.elements.namedItem("touched");
function touch(control) {
  const key = control.closest(".cm-content") || control === area ? "text"
    : control.name?.startsWith("step:") ? "tasks"
    : control.name?.startsWith("when:") ? "interval"
      : /^(new|runs)$|(?<=:)[^:]+/.exec(control.name ?? "")?.[0];
  if (!key || touched.value.split(" ").includes(key)) return false;
  touched.value = `${touched.value} ${key}`.trim();
  return true;
}
form.addEventListener("focusout", (event) => {
  if (!form.contains(event.relatedTarget) || event.relatedTarget !== event.target) {
    if (touch(event.target) && !isLeaving) schedulePreview(0);
  }
});
form.addEventListener("input", (event) => {
  if (event.target.id === "search") search();
  if (!event.target.name || event.target === area) return;
  if (event.target.name.startsWith("add:")) return;
  schedulePreview(event.target.matches("select, [type=radio], [type=checkbox]") ? 0 : PAUSE);
});
form.addEventListener("change", (event) => {
  if (event.target.matches("select, [type=radio]")) touch(event.target);
  if (event.target.name?.startsWith("add:") && event.target.value) schedulePreview(0);
});
// Buttons in the form update it without reloading the page.
form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name]");
  if (!button) return;
  event.preventDefault();
  if (button.ariaDisabled === "true") return;
  pressed = {name: button.name, value: button.value};
  requestPreview();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") {
    event.preventDefault();
    requestPreview();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.primary"));
  }
});

// Apply the latest changes before saving.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isLeaving || !(await isSettled()) || isLeaving) return;
  const refused = form.querySelector(".refused");
  if (refused) {
    const control = refused.closest(".field, #when")?.querySelector("[aria-invalid]");
    control?.closest("details")?.setAttribute("open", "");
    control?.focus();
    return;
  }
  isLeaving = true;
  storeDraft(true);
  // Not `requestSubmit`, which the browser ignores during this event.
  form.submit();
});
window.addEventListener("beforeunload", (event) => {
  const isChanged = area.value !== first || timer || "unsaved" in form.dataset;
  if (isChanged && !isLeaving) event.preventDefault();
});
// A page restored from the back/forward cache can be left and saved again.
window.addEventListener("pageshow", () => { isLeaving = false; });

document.getElementById("preview").addEventListener("click", (event) => {
  const link = event.target.closest("#own a");
  if (!link) return;
  event.preventDefault();
  const item = link.closest("[data-line]");
  const line = view.state.doc.line(Math.min(Number(item.dataset.line), view.state.doc.lines));
  const anchor = Math.min(line.from + Number(item.dataset.column) - 1, line.to);
  view.dispatch({selection: {anchor}, scrollIntoView: true});
  view.focus();
});

function differs(control) {
  if (control.options) {
    const before = [...control.options].find((each) => each.defaultSelected) ?? control.options[0];
    return control.options[control.selectedIndex] !== before;
  }
  return ["checkbox", "radio"].includes(control.type) ? control.checked !== control.defaultChecked : control.value !== control.defaultValue;
}

showDiagnostics();
offerStoredDraft();
// Apply changes made before the script was loaded.
if ([...form.querySelectorAll("#fields :is(input, select, textarea)")].some(differs)) schedulePreview(0);
