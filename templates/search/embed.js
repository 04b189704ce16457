// Search by photo in another page: <script src="{{ origin }}/embed.js" defer></script> puts the button where it stands.
"use strict";
{
  const here = document.currentScript;
  const words = {{ words|safe }};
  const word = words[(document.documentElement.lang || navigator.language).slice(0, 2)] || words.en;
  const form = document.createElement("form");
  form.action = "{{ origin }}{% url "search" %}";
  form.method = "post";
  form.enctype = "multipart/form-data";
  form.className = "visualsearch";
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "file";
  input.name = "image";
  input.accept = "image/*,.heic,.heif,.avif";
  input.multiple = true;
  for (const [name, value] of [["position", "absolute"], ["opacity", "0"], ["width", "1px"], ["height", "1px"]]) input.style[name] = value;
  label.append(here.dataset.label || word, input);
  form.append(label);
  here.after(form);
  input.addEventListener("change", () => input.files.length && form.submit());
}
