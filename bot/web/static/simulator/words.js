// The page's words: names of states and events, moments and numbers as people write them.

const ZONE = "Europe/Berlin";
export const day = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const hour = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
export const whole = new Intl.NumberFormat("en-GB");

export const STATES = {
  held_out: "Held out, for comparison", waiting: "Waiting for budget", invited: "Invited",
  asked: "Asked for consent", declined: "Declined", expired: "Invitation expired",
  steps: "Doing the steps", streak: "Months without a call", settling: "Bonus being booked",
  done: "Everything earned", unreachable: "Bonus out of reach", left: "Left", dropped: "Dropped out",
  ended: "Ended",
};
export const STEPS = { registration: "Portal", video: "Film", app: "App", streak: "months without a call" };
export const MARKS = { confirmed: "credited", rejected: "refused", reversed: "taken back" };
export const FLAGS = { opted_out: "no messages", blocked: "blocked", accessible: "no call counts" };
const VERBS = { Say: "said", Credit: "earned", AskPerson: "asked a person", Silence: "fell silent", Listen: "listens again" };
export const EVENTS = {
  Heard: "Customer answered", Woke: "A date was reached", ConsentShown: "Consent text shown",
  CreditMoved: "Credit booked", AddressLinked: "Telegram linked", TelegramStarted: "Telegram opened",
};
export const NEXT = {
  invitation_reminder: "Reminder of the invitation", invitation_expiry: "Invitation expires",
  steps: "Reminder of the steps", month: "Monthly report", settle: "Bonus", drop: "Drop-out",
  inactivity_warning: "Warning for not using the portal", call_decides: "Call decides",
  credit_delay: "Note that a credit is late",
};
export const HINTS = { de: ["JA", "STATUS", "WEITER", "HILFE", "STOPP"], en: ["JOIN", "STATUS", "NEXT", "SUPPORT", "STOP"] };

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export const moment = (iso) => `${day.format(new Date(iso))}, ${hour.format(new Date(iso))}`;
export const spaced = (name) => name.replaceAll("_", " ").replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
export const phoneText = (e164) => e164.replace(/^(\+49)(\d{3})(\d+)$/, "$1 $2 $3");

export function effects(text) {
  const told = text.split(", ").map((effect) => {
    const [verb, ...rest] = effect.split(" ");
    return VERBS[verb] && `${VERBS[verb]} ${spaced(rest.join(" ")).toLowerCase()}`.trim();
  });
  return told.filter(Boolean).join(", ") || "noted";
}
