// The sandbox page: shows what the doors tell, and posts what people do. Nothing is kept here.

import {
  effects, EVENTS, FLAGS, HINTS, make, MARKS, moment, NEXT, phoneText, spaced, STATES, STEPS, whole,
} from "./words.js";
import { oneAtATime } from "./acting.js";
import { call } from "./doors.js";
import { byId, pick, showParts } from "./parts.js";
import { isOurs, placeMessages } from "./talk.js";
import { showTime, startClock } from "./time.js";

let people = [];
let chosen = null;
const { doing, inTurn, isBusy } = oneAtATime(() => refresh());

// --- Showing

async function refresh() {
  const shownFor = chosen;
  const [list, screen, standing, time] = await Promise.all([
    call("customers"), call(`phones/${encodeURIComponent(shownFor.phone)}`),
    call(`customers/${encodeURIComponent(shownFor.customer)}`), call("clock"),
  ]);
  if (shownFor !== chosen) return;
  showPeople(list);
  showTime(time);
  showTalk("sms", screen);
  showTalk("telegram", screen);
  showJourney(standing);
  showReasons(standing.why);
}

function showPeople(list) {
  const labels = list.map((p) => `${phoneText(p.phone)} · ${p.language} · ${spaced(p.state)}`);
  const select = byId("customer");
  if (select.options.length !== list.length) select.replaceChildren(...list.map((p) => make("option", { value: p.customer })));
  labels.forEach((label, n) => { if (select.options[n].textContent !== label) select.options[n].textContent = label; });
  people = list;
}

function showJourney(standing) {
  const { streak } = standing;
  const flags = standing.flags.map((flag) => FLAGS[flag] ?? spaced(flag));
  const months = standing.state === "streak" ? `, ${streak.done} of ${streak.months} done` : "";
  byId("state").textContent = [`${STATES[standing.state] ?? standing.state}${months}`, ...flags].join(" · ");
  const next = standing.next;
  byId("upcoming").textContent = next ? `Then: ${NEXT[next.what] ?? spaced(next.what)}, ${moment(next.at)}` : "";
  const credits = new Map(standing.credits.map((credit) => [credit.step, credit]));
  byId("rail").replaceChildren(...standing.rewards.map(([step, megabytes]) => showStep(step, megabytes, credits.get(step), streak)));
  const credited = standing.credits.filter((c) => c.state === "confirmed").reduce((sum, c) => sum + c.megabytes, 0);
  const total = standing.rewards.reduce((sum, [, megabytes]) => sum + megabytes, 0);
  byId("credited").textContent = whole.format(credited);
  byId("of-total").textContent = `of ${whole.format(total)} MB credited`;
}

function showStep(step, megabytes, credit, streak) {
  const mark = credit ? MARKS[credit.state] ?? "being booked" : "open";
  const name = step === "streak" ? `${streak.months} ${STEPS.streak}` : STEPS[step] ?? spaced(step);
  const item = make("li", { class: `step ${step}`, "data-mark": mark.replace(" ", "-") },
    make("span", { class: "tick", "aria-hidden": "true" }), make("span", { class: "name" }, name),
    make("span", { class: "worth" }, `+${whole.format(megabytes)} MB`), make("span", { class: "mark" }, mark));
  if (step !== "streak") return item;
  const blocks = Array.from({ length: streak.months }, (_, n) => {
    const how = n < streak.done ? "full" : n === streak.done && streak.start ? "now" : "";
    return make("i", { class: how });
  });
  item.append(make("span", { class: "months", role: "img", "aria-label": `${streak.done} of ${streak.months} months done` }, ...blocks));
  return item;
}

function showReasons(why) {
  byId("no-reasons").hidden = why.length > 0;
  const list = byId("reasons");
  if (list.dataset.for === chosen.customer && Number(list.dataset.rows) === why.length) return;
  Object.assign(list.dataset, { for: chosen.customer, rows: why.length });
  list.replaceChildren(...why.toReversed().map((reason) => make("li", {},
    make("time", { datetime: reason.at }, moment(reason.at)), make("b", {}, EVENTS[reason.event] ?? spaced(reason.event)),
    make("span", {}, effects(reason.effect)))));
}

// --- The phones

function showTalk(channel, screen) {
  const list = byId(`talk-${channel}`);
  const messages = screen.filter((message) => message.channel === channel);
  const isSwitched = list.dataset.for !== chosen.customer;
  // Another customer's whole talk is no news to be read out.
  list.parentElement.setAttribute("aria-live", isSwitched ? "off" : "polite");
  if (isSwitched) list.replaceChildren();
  list.dataset.for = chosen.customer;
  const grown = placeMessages(list, messages, { tap, open: play });
  if (channel === "telegram") showBlank(messages, screen);
  if (grown) list.parentElement.scrollTop = list.parentElement.scrollHeight;
}

function showBlank(messages, screen) {
  const links = screen.flatMap((m) => m.channel === "sms" && m.direction === "out" ? m.text.match(/https?:\/\/\S+[?&]start=[\w-]+/g) ?? [] : []);
  byId("blank").hidden = messages.length > 0;
  byId("open-link").hidden = links.length === 0;
  byId("open-link").onclick = () => play(links.at(-1));
}

function showHints() {
  for (const channel of ["sms", "telegram"]) {
    const words = HINTS[chosen.language] ?? HINTS.en;
    byId(`hints-${channel}`).replaceChildren(...words.map((word) => make("button", { type: "button", onclick: () => say(channel, word) }, word)));
  }
}

// --- What people do

// By whom it is said is settled when it is written, whoever is chosen by the time it is its turn.
const saying = (channel, text, from = chosen.phone) => () => call(channel, { from, text });
const say = (channel, text) => doing(saying(channel, text));

function play(link) {
  pick("telegram");
  return say("telegram", link);
}

function tap(label, url) {
  if (url && isOurs(url)) window.open(url, "_blank", "noopener");
  return doing(async () => {
    await call("telegram", { from: chosen.phone, button: label });
    if (url && !isOurs(url)) byId("note").textContent = `This button leads to ${url}. In the sandbox, report below what the customer did there.`;
  });
}

function report(button) {
  const { event, reason } = button.dataset;
  return doing(async () => {
    const body = { type: event, customer: chosen.customer, data: reason ? { reason_code: reason } : {} };
    const { result, why } = await call("events", body);
    byId("note").textContent = `${button.textContent}: ${spaced(result)}. ${why}`;
  });
}

function choose(customer) {
  chosen = people.find((person) => person.customer === customer) ?? people[0];
  byId("customer").value = chosen.customer;
  byId("number").textContent = phoneText(chosen.phone);
  byId("story").href = `/simulator/story/${encodeURIComponent(chosen.phone)}`;
  byId("note").textContent = "";
  history.replaceState(null, "", `#${chosen.customer}`);
  showHints();
}

// --- The beginning

async function begin() {
  showParts();
  startClock(doing);
  for (const button of document.querySelectorAll("[data-event]")) button.addEventListener("click", () => report(button));
  for (const form of document.forms) form.addEventListener("submit", (event) => {
    event.preventDefault();
    const input = form.querySelector("input"), text = input.value.trim();
    if (!text || !chosen) return;
    input.value = "";
    inTurn(saying(form.dataset.channel, text));
  });
  byId("customer").addEventListener("change", ({ target: { value } }) => inTurn(async () => choose(value)));
  await doing(async () => {
    const list = await call("customers");
    if (!list.length) throw new Error("There are no customers yet. Import some with: statthotline invite FILE.csv");
    showPeople(list);
    choose(location.hash.slice(1));
  });
  // A credit is booked, and a lane sends, without anybody pressing anything.
  setInterval(() => { if (!document.hidden && !isBusy() && chosen) refresh().catch(() => {}); }, 2000);
}

begin();
