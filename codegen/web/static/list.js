// The dialog of the list is open while it has content, which the server decides; then the focus is back where it was,
// also where that button was loaded anew meanwhile.
const dialog = document.querySelector("#airflow-dialog");
let opener = "";
dialog.addEventListener("htmx:afterSwap", (event) => {
  if (!dialog.childElementCount) {
    dialog.close();
  } else if (!dialog.open) {
    opener = event.detail.requestConfig.elt.id;
    dialog.showModal();
  } else {
    dialog.querySelector("[autofocus]")?.focus();
  }
});
dialog.addEventListener("close", () => document.getElementById(opener)?.focus());
