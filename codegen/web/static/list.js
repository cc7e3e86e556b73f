// The dialog of the list is open while the server sends content for it. Afterwards, the focus returns to the button that
// opened it, which may have been replaced in the meantime.
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
