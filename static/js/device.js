// What this device remembers for its shopper, and nobody else: favourites and recent searches, in localStorage.
"use strict";

{
  const KEPT = { favourites: 60, searches: 12 };
  const words = document.getElementById("device").dataset;

  const read = (name) => {
    try {
      const kept = JSON.parse(localStorage.getItem(name) || "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  };
  /** Whether it was kept: storage may be full, or forbidden in a private window. */
  const write = (name, kept) => {
    try {
      localStorage.setItem(name, JSON.stringify(kept.slice(0, KEPT[name])));
      return true;
    } catch {
      return false;
    }
  };

  const showFavourites = () => {
    const kept = read("favourites");
    for (const button of document.querySelectorAll("[data-favourite]")) {
      button.setAttribute("aria-pressed", String(kept.includes(button.dataset.favourite)));
    }
    for (const link of document.querySelectorAll("[data-favourites]")) {
      const number = link.querySelector(".number");
      number.textContent = kept.length;
      number.hidden = !kept.length;
      if (kept.length) link.search = new URLSearchParams(kept.map((sku) => ["sku", sku]));
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-favourite]");
    if (button) {
      const sku = button.dataset.favourite;
      const kept = read("favourites").filter((other) => other !== sku);
      if (button.getAttribute("aria-pressed") !== "true") kept.unshift(sku);
      if (!write("favourites", kept)) say(words.forbidden);
      showFavourites();
    }
    if (event.target.closest("[data-forget]")) {
      const name = event.target.closest("[data-forget]").dataset.forget;
      write(name, []);
      if (name === "searches") document.getElementById("recent").hidden = true;
      else location.assign(location.pathname);
    }
  });

  const recent = document.getElementById("recent");
  if (recent) {
    const list = recent.querySelector("ul");
    for (const search of read("searches")) {
      const link = document.createElement("a");
      const picture = new Image(96, 96);
      link.href = search.url;
      picture.src = search.photo;
      picture.alt = words.search.replace("{time}", new Date(search.time).toLocaleString(document.documentElement.lang));
      picture.addEventListener("error", () => { // expired: forgotten here as well
        write("searches", read("searches").filter((other) => other.url !== search.url));
        link.parentElement.remove();
        recent.hidden = !list.children.length;
      });
      link.append(picture);
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    recent.hidden = !list.children.length;
    document.documentElement.classList.remove("searched"); // the room is taken, or needed no more
  }

  const asked = document.querySelector("[data-crop] img");
  if (asked) {
    const url = location.pathname;
    write("searches", [{ url, photo: asked.getAttribute("src"), time: Date.now() }, ...read("searches").filter((other) => other.url !== url)]);
  }

  const list = document.querySelector("[data-favourites-page]");
  if (list && !location.search && read("favourites").length) location.replace(document.querySelector("[data-favourites]").href);
  showFavourites();
  document.addEventListener("htmx:afterSwap", showFavourites);
}
