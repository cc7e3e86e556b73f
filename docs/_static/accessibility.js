// Names the two sidebars of the theme, and lets the keyboard scroll wide code and tables.
window.addEventListener("load", () => {
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Manual");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
  for (const element of document.querySelectorAll("pre, .table-wrapper")) {
    if (element.scrollWidth > element.clientWidth) {
      element.tabIndex = 0;
    }
  }
});
