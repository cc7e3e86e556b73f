// The editor keeps the text, the form and the preview in step. The text is the truth: the server changes it where a
// field of the form was changed, and says what the form and the preview are for it. Without this, buttons do the same.
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
const show = document.getElementById("show");
const fromServer = Annotation.define();

// What was asked last: only its answer counts. Whoever waits for it gets whether it came.
let asked = 0;
let dropped = new AbortController();
let timer = 0;
let pending = null;
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
        if (!update.transactions.some((each) => each.annotation(fromServer))) soon();
      }),
    ],
  }),
});
area.hidden = true;
show.hidden = true;
// The label was that of the text area.
document.querySelector("label[for=text]").addEventListener("click", () => view.focus());

// Ask when somebody pauses.
function soon(pause = PAUSE) {
  asked += 1;
  clearTimeout(timer);
  pending = null;
  timer = setTimeout(() => ask(), pause);
}

function ask(button) {
  clearTimeout(timer);
  timer = 0;
  pending = answer(++asked, button);
  return pending;
}

async function answer(number, button) {
  form.classList.add("working");
  // Abort the previous preview: the server skips requests of disconnected clients.
  dropped.abort();
  dropped = new AbortController();
  try {
    const reply = await fetch("/preview", {
      method: "POST", body: new URLSearchParams(new FormData(form, button)), headers: {"HX-Request": "true"},
      signal: dropped.signal,
    });
    const text = await reply.text();
    if (number !== asked) return false;
    const page = new DOMParser().parseFromString(text, "text/html");
    tell(reply.ok ? "" : (page.querySelector("main p") ?? page.body).textContent || reply.statusText);
    if (reply.ok) take(page);
    return reply.ok;
  } catch {
    if (number === asked) tell("The server does not answer: what you type is in this page alone. Is it still running?");
    return false;
  } finally {
    if (number === asked) form.classList.remove("working");
  }
}

// Whether the last answer has come, after waiting for it: meanwhile somebody may type, and then there is another.
async function isSettled() {
  for (;;) {
    if (timer) ask();
    const waited = pending;
    if (!waited || (await waited)) return true;
    if (!timer && waited === pending) return false;
  }
}

function tell(trouble) {
  const place = document.getElementById("trouble");
  place.textContent = trouble;
  place.hidden = !trouble;
}

// Take an answer over. Nothing was typed since it was asked for.
function take(page) {
  takeText(page.getElementById("text").value);
  takePlace(page.getElementById("place"));
  takeFields(page.getElementById("fields"));
  const status = document.getElementById("status");
  const said = page.getElementById("status");
  if (status.textContent !== said.textContent) status.replaceChildren(...said.childNodes);
  takePreview(page.getElementById("preview"));
  mark();
}

// Only what differs is replaced, so that the cursor and what can be undone stay.
function takeText(text) {
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

function takePlace(place) {
  const old = document.getElementById("place");
  old.querySelector("[name=file]").value = place.querySelector("[name=file]").value;
  const was = old.querySelector('[name="was:new"]');
  if (!was) return;
  was.value = place.querySelector('[name="was:new"]').value;
  old.querySelector(".hint").replaceWith(place.querySelector(".hint"));
  const isTaken = place.querySelector("#new").hasAttribute("aria-invalid");
  old.querySelector("#new").toggleAttribute("aria-invalid", isTaken);
  if (isTaken) old.querySelector("#new").setAttribute("aria-invalid", "true");
}

// A text that cannot be read leaves the form as it was, but locked.
function takeFields(fields) {
  const old = document.getElementById("fields");
  const isUnreadable = "unreadable" in fields.dataset;
  old.querySelector("#unreadable").replaceWith(fields.querySelector("#unreadable"));
  for (const control of old.querySelectorAll(".field :is(input, select, textarea)")) control.disabled = isUnreadable;
  if (isUnreadable) return;
  if (!old.querySelector(".field")) {
    old.replaceChildren(...fields.childNodes);
    return;
  }
  for (const field of fields.querySelectorAll(".field")) takeField(field);
  takePicker(fields.querySelector("#when"));
}

// The controls stay, so that the one in use keeps the focus; what is said below them is replaced.
function takePicker(when) {
  const old = document.getElementById("when");
  if (old.className !== when.className) {
    old.replaceWith(when);
    return;
  }
  for (const control of when.querySelectorAll('[name^="when:"]:not(button), [name="was:interval"]')) {
    const value = control.type === "radio" ? `[value="${control.value}"]` : "";
    const same = old.querySelector(`[name="${control.name}"]${value}`);
    if (["radio", "checkbox"].includes(control.type)) same.checked = control.checked;
    else if (same !== document.activeElement) same.value = control.value;
    same.toggleAttribute("aria-invalid", control.hasAttribute("aria-invalid"));
    if (control.hasAttribute("aria-invalid")) same.setAttribute("aria-invalid", "true");
  }
  for (const id of ["wrong-interval", "when-runs"]) {
    const place = old.querySelector(`#${id}`);
    if (place) takeChildren(place, when.querySelector(`#${id}`));
  }
}

// A button in it keeps the focus.
function takeChildren(old, fresh) {
  if (old.innerHTML === fresh.innerHTML) return;
  const name = old.contains(document.activeElement) ? document.activeElement.name : "";
  old.replaceChildren(...fresh.childNodes);
  if (name) old.querySelector(`[name="${name}"]`)?.focus();
}

function takeField(field) {
  const old = document.getElementById(field.id);
  const active = document.activeElement;
  const fresh = field.querySelector("[id^=control-]");
  const control = old.querySelector("[id^=control-]");
  if (active !== control || fresh.name !== control.name) {
    if (!old.contains(active)) {
      old.replaceWith(field);
      return;
    }
    if (fresh.name === control.name) control.value = fresh.value;
  }
  // Somebody is in it: all but the control is replaced.
  old.querySelector("[name^='was:']").value = field.querySelector("[name^='was:']").value;
  for (const name of ["aria-invalid", "aria-describedby", "placeholder"]) {
    if (fresh.hasAttribute(name)) control.setAttribute(name, fresh.getAttribute(name));
    else control.removeAttribute(name);
  }
  if (active.name?.startsWith("add:")) active.value = "";
  old.querySelector(".message").replaceWith(field.querySelector(".message"));
}

function takePreview(preview) {
  const old = document.getElementById("preview");
  for (const details of preview.querySelectorAll("details")) {
    const same = document.getElementById(details.id);
    if (same) details.open = same.open;
  }
  const scrolled = [...old.querySelectorAll(".scroll")].map((each) => [each.ariaLabel, each.scrollLeft, each.scrollTop]);
  old.replaceChildren(...preview.childNodes);
  for (const [label, left, top] of scrolled) {
    const same = [...old.querySelectorAll(".scroll")].find((each) => each.ariaLabel === label);
    if (same) Object.assign(same, {scrollLeft: left, scrollTop: top});
  }
}

// Put what is wrong at its lines.
function mark() {
  const doc = view.state.doc;
  const found = [...document.querySelectorAll("#own [data-line]")].map((item) => {
    const line = doc.line(Math.min(Number(item.dataset.line), doc.lines));
    const from = Math.min(line.from + Number(item.dataset.column) - 1, line.to);
    const message = item.querySelector(".message").textContent;
    return {from, to: Math.max(line.to, from), severity: item.dataset.severity, message};
  });
  view.dispatch(setDiagnostics(view.state, found));
}

form.addEventListener("input", (event) => {
  if (!event.target.name || event.target === area) return;
  if (event.target.name.startsWith("add:")) return;
  soon(event.target.tagName === "SELECT" ? 0 : PAUSE);
});
form.addEventListener("change", (event) => {
  if (event.target.name?.startsWith("add:") && event.target.value) soon(0);
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") {
    event.preventDefault();
    ask();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.primary"));
  }
});

// What was typed last is taken over before it is saved.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.name === "when:minute") {
    ask(event.submitter);
    return;
  }
  if (isLeaving || !(await isSettled()) || isLeaving) return;
  const refused = form.querySelector(".refused");
  if (refused) {
    const control = refused.closest(".field")?.querySelector("[id^=control-]") ?? form.querySelector(".picker [aria-invalid]");
    control.closest("details")?.setAttribute("open", "");
    control.focus();
    return;
  }
  isLeaving = true;
  // Not `requestSubmit`: the browser ignores it as long as this event lasts.
  form.submit();
});
window.addEventListener("beforeunload", (event) => {
  const isChanged = area.value !== first || timer || "unsaved" in form.dataset;
  if (isChanged && !isLeaving) event.preventDefault();
});
// A page that is shown again from the browser's memory can be left and saved again.
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

mark();
