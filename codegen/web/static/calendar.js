// The arrow keys move between the hours of the calendar, skipping hours without runs.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const cell = event.target.closest?.(".heat td");
  if (!step || !cell || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const rows = [...cell.closest("tbody").rows];
  let [column, row] = [cell.cellIndex, rows.indexOf(cell.parentElement)];
  do {
    column += step[0];
    row += step[1];
    const link = rows[row]?.cells[column]?.querySelector("a");
    if (link) {
      link.focus();
      return;
    }
  } while (rows[row]?.cells[column]);
});
