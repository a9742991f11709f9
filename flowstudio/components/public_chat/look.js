// The builder's colour and theme on the page.

const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** Relative luminance of #rrggbb (WCAG 2). */
export function luminance(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => channel(parseInt(color.slice(at, at + 2), 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever is read more easily on a colour. */
export const inkOn = (color) => (1.05 / (luminance(color) + 0.05) >= (luminance(color) + 0.05) / 0.05 ? "#ffffff" : "#000000");

export function dress({ color, theme, title }) {
  const { classList, style } = document.documentElement;
  const media = matchMedia("(prefers-color-scheme: dark)");
  const set = () => classList.toggle("dark", theme === "dark" || (theme === "system" && media.matches));
  set();
  if (theme === "system") media.addEventListener("change", set);
  if (title) document.title = title;
  if (!color) return;
  style.setProperty("--fs-public", color);
  style.setProperty("--fs-public-ink", inkOn(color));
}
