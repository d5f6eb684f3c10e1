// Light or dark: what the system says until the reader says otherwise.

function showTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const say = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`); };
  try {
    const kept = localStorage.getItem("churn-theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch { /* a browser may forbid a file to keep anything */ }
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("churn-theme", next); } catch { /* then it holds until the page is closed */ }
    say();
  });
  system.addEventListener("change", say);
  button.hidden = false;
  say();
}
