// What the pages share: words and a second try when a part of a page cannot be fetched, and the filters, which narrow
// screens show as a sheet.
"use strict";

const trouble = document.getElementById("trouble");
let lost; // what asked for the part that did not come

function say(sentence) {
  (document.querySelector("dialog[open]") || document.body).append(trouble); // above whatever lies on top
  trouble.querySelector("p").textContent = sentence;
  trouble.hidden = false;
}

function retry() {
  trouble.hidden = true;
  if (lost?.isConnected) htmx.trigger(lost, lost.matches("form") ? "submit" : "click");
  lost = undefined;
}

for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(failure, ({ detail }) => {
    if (detail.elt.matches("[hx-trigger=load], [data-crop]")) return; // a nicety; and crop.js speaks for itself
    lost = detail.elt;
    say(failure === "htmx:responseError" ? trouble.dataset.failed : navigator.onLine ? trouble.dataset.unreached : trouble.dataset.offline);
  });
}
document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  if (detail.successful) trouble.hidden = true;
});
trouble.querySelector("button").addEventListener("click", retry);
addEventListener("online", () => lost && retry());

const narrow = matchMedia("(max-width: 59.99rem)");

/** Shows the filters of #found as a sheet; they are put back when it closes. */
function openSheet(scrolled = 0) {
  const form = document.getElementById("found");
  const filters = form.querySelector("[data-filters]");
  const groups = filters.querySelector(".groups");
  const sheet = document.createElement("dialog");
  sheet.className = "sheet";
  sheet.setAttribute("aria-label", filters.dataset.filters);
  sheet.append(groups);
  form.append(sheet);
  sheet.addEventListener("close", () => {
    filters.append(groups);
    sheet.remove();
    filters.querySelector("summary").focus();
  });
  sheet.showModal();
  groups.scrollTop = scrolled;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-filters] > summary") && narrow.matches) {
    event.preventDefault();
    openSheet();
  }
  const sheet = event.target.closest(".sheet");
  if (sheet && (event.target === sheet || event.target.closest("[data-close]"))) sheet.close();
});
narrow.addEventListener("change", () => document.querySelector(".sheet")?.close());

// Every choice brings a new list with new filters: the sheet stays where it was.
let sheetBefore;
document.addEventListener("htmx:beforeSwap", () => {
  const sheet = document.querySelector(".sheet");
  sheetBefore = sheet && { scrolled: sheet.querySelector(".groups").scrollTop, focused: document.activeElement.id };
});
document.addEventListener("htmx:afterSwap", () => {
  if (!sheetBefore || document.querySelector(".sheet")) return;
  openSheet(sheetBefore.scrolled);
  document.getElementById(sheetBefore.focused)?.focus({ preventScroll: true });
  sheetBefore = undefined;
});

// Addresses hold what was chosen, and not each field that was left empty.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  for (const name of Object.keys(detail.parameters)) if (detail.parameters[name] === "") delete detail.parameters[name];
});

// Back restores what was there: the cards that came while scrolling, and how far one had scrolled.
const lists = () => {
  try {
    return JSON.parse(sessionStorage.getItem("lists") || "[]");
  } catch {
    return [];
  }
};
let popped = false; // the address is another page's already
function keepList() {
  const list = document.querySelector("#found .list");
  if (!list || popped) return;
  const kept = lists().filter(({ url }) => url !== location.href).slice(-4);
  try {
    sessionStorage.setItem("lists", JSON.stringify([...kept, { url: location.href, html: list.innerHTML, scrolled: scrollY }]));
  } catch {
    // full, or forbidden: Back shows the first cards
  }
}
addEventListener("pagehide", keepList);
document.addEventListener("htmx:beforeHistorySave", keepList);
addEventListener("popstate", () => {
  popped = true;
  try {
    sessionStorage.setItem("restoring", "yes");
  } catch {
    // as above
  }
});
addEventListener("DOMContentLoaded", () => {
  const list = document.querySelector("#found .list");
  const came = performance.getEntriesByType("navigation")[0]?.type;
  let restoring = came === "back_forward";
  try {
    restoring ||= sessionStorage.getItem("restoring") === "yes";
    sessionStorage.removeItem("restoring");
  } catch {
    // as above
  }
  const kept = list && restoring && lists().find(({ url }) => url === location.href);
  if (!kept) return;
  list.innerHTML = kept.html;
  htmx.process(list);
  history.scrollRestoration = "manual";
  const scroll = () => scrollTo({ top: kept.scrolled, behavior: "instant" });
  scroll();
  addEventListener("load", scroll, { once: true });
});
