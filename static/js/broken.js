// Where a script fails or does not come, the plain buttons come back: see .broken in shop.css. Loaded before all others.
"use strict";
addEventListener("error", ({ target }) => {
  if (target === window || target.tagName === "SCRIPT") document.documentElement.classList.add("broken");
}, true);
