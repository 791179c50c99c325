// Receipts: the button that prints, paper as long as the receipt, and printing as soon as a receipt is opened, where
// the shop wants that. Without this script the browser's own command prints them.

(() => {
  const PX_PER_MM = 96 / 25.4;
  const MARGINS_MM = 8; // above and below, and what rounding takes

  // A roll is cut where the page ends, so the page is as long as the longest of the copies.
  const slips = [...document.querySelectorAll("[data-slip]")];
  const width = Number(slips[0]?.dataset.slip ?? 0);
  const style = [...document.styleSheets].find((sheet) => sheet.href?.includes("/files/receipt.css"));
  const fit = () => {
    if (!width || !style) return;
    const longest = Math.max(...slips.map((slip) => slip.getBoundingClientRect().height));
    const height = Math.ceil(longest / PX_PER_MM) + MARGINS_MM;
    style.insertRule(`@page roll${width} { size: ${width}mm ${height}mm; }`, style.cssRules.length);
  };

  const start = () => {
    fit();
    for (const button of document.querySelectorAll("[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => print());
    }
    // Not again when somebody comes back to the page.
    const [entry] = performance.getEntriesByType("navigation");
    if (document.querySelector("[data-print-now]") && entry?.type === "navigate") print();
  };
  if (document.readyState === "complete") start(); else addEventListener("load", start);
})();
