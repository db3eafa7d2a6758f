// Where the screen is small, one part is shown at a time, chosen by tabs; else all of them.

export const byId = (id) => document.getElementById(id);

const narrow = matchMedia("(max-width: 760px)");
const tabs = [...byId("tabs").children];

export function pick(part) {
  for (const tab of tabs) {
    const section = byId(`part-${tab.dataset.part}`), isPicked = tab.dataset.part === part;
    tab.setAttribute("aria-selected", String(isPicked));
    tab.tabIndex = isPicked ? 0 : -1;
    section.classList.toggle("picked", isPicked);
  }
  const screen = byId(`part-${part}`).querySelector(".screen");
  if (screen) screen.scrollTop = screen.scrollHeight;
}

function layOut() {
  byId("tabs").toggleAttribute("hidden", !narrow.matches);
  byId("tabs").setAttribute("role", "tablist");
  for (const tab of tabs) {
    const section = byId(`part-${tab.dataset.part}`);
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", section.id);
    if (narrow.matches) section.setAttribute("role", "tabpanel");
    else section.removeAttribute("role");
  }
}

function turn(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  pick(next.dataset.part);
  next.focus();
}

export function showParts() {
  narrow.addEventListener("change", layOut);
  layOut();
  pick(tabs[0].dataset.part);
  byId("tabs").addEventListener("keydown", turn);
  for (const tab of tabs) tab.addEventListener("click", () => pick(tab.dataset.part));
}
