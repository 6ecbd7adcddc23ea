"use strict";
// Adds a search to the list of devices and opens the one that a link points at.
const form = document.getElementById("filter");
const devices = [...document.querySelectorAll("details.device")];
if (form) {
  const texts = devices.map((device) => device.textContent.toLowerCase());
  const apply = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const attention = form.elements.attention.checked;
    let shown = 0;
    devices.forEach((device, at) => {
      const fits = words.every((word) => texts[at].includes(word))
        && (!attention || device.hasAttribute("data-attention"));
      device.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    form.querySelector("output").textContent = `${shown} of ${devices.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
}
const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
};
window.addEventListener("hashchange", openTarget);
openTarget();
