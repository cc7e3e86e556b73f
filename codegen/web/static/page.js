// Store the viewer's timezone in a cookie, and reload the first page to show its times in that timezone.
const zone = `timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
const isStored = () => document.cookie.split("; ").includes(zone);
if (!isStored()) {
  document.cookie = `${zone}; path=/; SameSite=Strict; max-age=31536000`;
  // Without the cookie, the server uses UTC. If the browser refuses cookies, do not reload.
  if (isStored() && zone !== "timezone=UTC") {
    location.reload();
  }
}

// A text submitted by the editor is saved once another page is shown; `edit.js` stores it until then.
if (!document.getElementById("editor")) {
  for (const key of Object.keys(localStorage).filter((each) => each.startsWith("draft:"))) {
    if (JSON.parse(localStorage.getItem(key)).isSent) localStorage.removeItem(key);
  }
}
