// Scroll a tall graph to its first box.
for (const picture of document.querySelectorAll(".picture")) {
  const first = picture.querySelector(".box");
  if (first) {
    const { top, height } = first.getBoundingClientRect();
    picture.scrollTop = top - picture.getBoundingClientRect().top - (picture.clientHeight - height) / 2;
  }
}

// Copy source code without line numbers and diagnostics.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = document.querySelectorAll(`#${button.dataset.copy} > li > code`);
    await navigator.clipboard.writeText(`${[...lines].map((line) => line.textContent).join("\n")}\n`);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
