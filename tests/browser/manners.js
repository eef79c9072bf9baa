// What is wrong with the page, for a person with a keyboard, a screen reader or a small screen.
const faults = [];
if (document.readyState !== "complete") faults.push("it is still loading");
if (document.documentElement.lang !== "en") faults.push("it has no language");
if (!document.title.trim()) faults.push("it has no title");
const headings = document.querySelectorAll("h1").length;
if (headings !== 1) faults.push(`it has ${headings} first headings`);
if (document.querySelectorAll("main").length !== 1) faults.push("it has no main part");
const fields = [...document.querySelectorAll("input:not([type=hidden])")];
for (const field of fields) {
  if (!field.labels.length) faults.push(`${field.id} has no label`);
}
if (fields.length && document.activeElement !== fields[0]) {
  faults.push("the focus is not on the first field");
}
for (const button of document.querySelectorAll("button")) {
  if (!button.textContent.trim()) faults.push(`${button.id} has no text`);
}
for (const element of document.querySelectorAll("[aria-describedby]")) {
  for (const id of element.getAttribute("aria-describedby").split(/\s+/)) {
    if (!document.getElementById(id)) faults.push(`there is no ${id}`);
  }
}
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
  faults.push(`it scrolls sideways at a width of ${document.documentElement.clientWidth}`);
}
if (performance.getEntriesByType("resource").length) faults.push("it loads something");

// WCAG 2.2, success criterion 1.4.3.
const parts = color => color.match(/[\d.]+/g).map(Number);
const luminance = color => {
  const [red, green, blue] = parts(color).map(value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const ground = element => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (parts(color)[3] !== 0) return color;
  }
  return "rgb(255, 255, 255)";
};
for (const element of document.body.querySelectorAll("*")) {
  const texts = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!texts || !element.getClientRects().length) continue;
  const [light, dark] = [luminance(getComputedStyle(element).color), luminance(ground(element))]
    .sort((one, other) => other - one);
  const contrast = (light + 0.05) / (dark + 0.05);
  if (contrast < 4.5) {
    faults.push(`"${element.textContent.trim()}" has a contrast of ${contrast.toFixed(2)}`);
  }
}
return faults;
