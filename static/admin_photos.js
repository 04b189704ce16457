// The product form's photos: dropping many at once, and their order by dragging or by buttons.
// Without JavaScript the file field and the position fields do the same.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-drop-photos]").forEach(dropZone);
  document.querySelectorAll("[data-order-photos]").forEach(orderable);
});

function dropZone(zone) {
  const input = zone.querySelector("input[type=file]");
  const chosen = zone.querySelector("ul");
  input.hasChangeListener = true; // django-unfold's own listener expects a text field beside every file field
  const show = () => {
    chosen.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
    chosen.replaceChildren(...[...input.files].map((file) => {
      const item = document.createElement("li");
      const img = document.createElement("img");
      img.src = URL.createObjectURL(file);
      img.alt = "";
      item.append(img, file.name);
      return item;
    }));
  };
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("staff-drop--over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("staff-drop--over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("staff-drop--over");
    const all = new DataTransfer();
    [...input.files, ...event.dataTransfer.files].forEach((file) => all.items.add(file));
    input.files = all.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", show);
}

function orderable(list) {
  list.classList.add("staff-photos--orderable"); // the bare position fields hide
  const number = () => list.querySelectorAll("li.staff-photo").forEach((item, index) => {
    item.querySelector("input[name$=-position]").value = index;
  });
  let dragged = null;
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li.staff-photo");
    event.dataTransfer.effectAllowed = "move";
    requestAnimationFrame(() => dragged?.classList.add("staff-photo--dragged"));
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li.staff-photo");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    over[event.clientX < box.left + box.width / 2 ? "before" : "after"](dragged);
  });
  list.addEventListener("dragend", () => {
    dragged?.classList.remove("staff-photo--dragged");
    dragged = null;
    number();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-move]");
    if (!button) return;
    const item = button.closest("li");
    if (button.dataset.move === "first") list.prepend(item);
    else if (button.dataset.move === "1") item.nextElementSibling?.after(item);
    else item.previousElementSibling?.before(item);
    number();
    button.focus();
  });
}
