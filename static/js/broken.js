// Where a script fails or does not come, the plain buttons come back: see .broken in shop.css. Loaded before all others.
"use strict";
addEventListener("error", ({ target }) => {
  if (target === window || target.tagName === "SCRIPT") document.documentElement.classList.add("broken");
}, true);
// Room for the recent searches, which device.js fills in after the first paint: nothing below them jumps.
try {
  if (JSON.parse(localStorage.getItem("searches")).length) document.documentElement.classList.add("searched");
} catch {
  // no searches yet, or storage is forbidden
}
