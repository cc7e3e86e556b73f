// What every page needs: it tells the server the viewer's timezone, and shows the first page again in that.
const zone = `timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
const isTold = () => document.cookie.split("; ").includes(zone);
if (!isTold()) {
  document.cookie = `${zone}; path=/; SameSite=Strict; max-age=31536000`;
  // Without a cookie the server takes it for UTC. Where cookies are refused, the page stays as it is.
  if (isTold() && zone !== "timezone=UTC") {
    location.reload();
  }
}

// Text sent by the editor is saved once another page is shown (`edit.js` keeps it until then).
if (!document.getElementById("editor")) {
  for (const key of Object.keys(localStorage).filter((each) => each.startsWith("draft:"))) {
    if (JSON.parse(localStorage.getItem(key)).isSent) localStorage.removeItem(key);
  }
}
