// django-unfold opens its menus from <div>s and <span>s, which no keyboard reaches and no screen reader announces. Here
// they are buttons: found with Tab, pressed with Enter or Space. What they open takes the focus, and Escape gives it back.
"use strict";

const PRESSED_BY_MOUSE_ALONE = ":is(div, span, a:not([href]))[x-on\\:click]:not([tabindex])";
const SIDEBAR = { de: "Seitenleiste", en: "Sidebar" };

document.addEventListener("alpine:initialized", () => {
  document.querySelectorAll(PRESSED_BY_MOUSE_ALONE).forEach(becomeButton);
});

function becomeButton(element) {
  element.tabIndex = 0;
  element.setAttribute("role", "button");
  const name = nameOf(element);
  if (name) element.setAttribute("aria-label", name);
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    element.click();
  });
  const menu = menuOf(element);
  if (!menu) return;
  element.setAttribute("aria-haspopup", "true");
  let open = null;
  const tell = () => {
    if (open === (open = menu.style.display !== "none")) return; // the style also changes while the menu fades
    element.setAttribute("aria-expanded", String(open));
    if (open && document.activeElement === element) menu.querySelector(":is(a[href], button, [tabindex='0'])")?.focus();
  };
  tell();
  new MutationObserver(tell).observe(menu, { attributeFilter: ["style"] });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (open) element.click();
    element.focus();
  });
}

// The words it shows, without those that stand for an icon; else the field it belongs to, else what it opens.
function nameOf(element) {
  const copy = element.cloneNode(true);
  copy.querySelectorAll(".material-symbols-outlined").forEach((icon) => icon.remove());
  const words = element.matches(".material-symbols-outlined") ? "" : copy.textContent.trim();
  if (words) return words.replace(/\s+/g, " ");
  const field = element.closest(".related-widget-wrapper")?.querySelector("select, input")?.labels?.[0];
  if (field) return `${field.textContent.trim()} …`;
  return element.textContent.trim() === "dock_to_right" ? SIDEBAR[document.documentElement.lang.slice(0, 2)] ?? SIDEBAR.en : "";
}

function menuOf(element) {
  const field = element.getAttribute("x-ref")?.replace("relatedWidgetWrapper", "");
  return element.parentElement.querySelector(":scope > nav") ?? document.getElementById(`related-widget-wrapper-${field}`);
}
