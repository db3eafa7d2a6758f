// A conversation on a phone: messages are placed as they come, and changed where they stand.

import { day, hour, make } from "./words.js";

// `acts` says what a tap does (label, url), and what opening a chat's link does.
export function placeMessages(list, messages, acts) {
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  let before = "", grown = false;
  messages.forEach((message, n) => {
    const today = day.format(new Date(message.at));
    const stamp = JSON.stringify([message.text, message.at, message.buttons, today !== before]);
    let node = known.get(String(message.id));
    known.delete(String(message.id));
    if (node?.dataset.stamp !== stamp) {
      const fresh = showMessage(message, today !== before && today, acts);
      Object.assign(fresh.dataset, { id: message.id, stamp });
      node?.replaceWith(fresh);
      [node, grown] = [fresh, true];
    }
    if (list.children[n] !== node) list.insertBefore(node, list.children[n] ?? null);
    before = today;
  });
  known.forEach((node) => node.remove());
  return grown;
}

function showMessage(message, today, acts) {
  const { is_tap: isTap, direction } = message;
  const said = isTap ? "You tapped " : message.direction === "in" ? "You wrote: " : "";
  const words = direction === "in" && message.text.startsWith("/start ") ? "/start" : message.text;
  const text = message.markup ? marked(message.markup, acts) : linked(words, acts);
  const picture = message.picture ? [make("img", { src: `/simulator/pictures/${message.id}.png`, alt: message.picture, loading: "lazy", width: 1080, height: 640 })] : [];
  const bubble = make("div", { class: "bubble" }, make("span", { class: "unseen" }, said), ...picture, ...text,
    make("time", { datetime: message.at }, `${message.is_edited ? "edited " : ""}${hour.format(new Date(message.at))}`));
  const buttons = message.buttons.map((label) => make("button", { type: "button", onclick: () => acts.tap(label, message.links[label]) }, label));
  const keys = buttons.length ? [make("div", { class: "keys", role: "group", "aria-label": "Buttons" }, ...buttons)] : [];
  const rule = today ? [make("p", { class: "day" }, today)] : [];
  return make("li", { class: `${direction}${isTap ? " tap" : ""}` }, ...rule, bubble, ...keys);
}

function linked(text, acts) {
  return text.split(/(https?:\/\/\S+[^\s.,;:!?)])/).map((piece, n) => {
    if (n % 2 === 0) return piece;
    return isStart(piece) ? make("button", { type: "button", class: "link", onclick: () => acts.open(piece) }, piece) : leading(piece, piece);
  });
}

// The customer's own pages are served here and open; everything else is only shown.
function leading(url, ...words) {
  return isOurs(url) ? make("a", { class: "link", href: url, target: "_blank", rel: "noopener" }, ...words)
    : make("span", { class: "link", title: url }, ...words);
}

export const isOurs = (url) => URL.canParse(url) && new URL(url).origin === location.origin;

const isStart = (link) => /[?&]start=/.test(link);

function marked(markup, acts) {
  const safe = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return linked(node.data, acts);
    const children = [...node.childNodes].flatMap(safe);
    if (node.nodeName === "A") return [leading(node.getAttribute("href") ?? "", ...children)];
    return ["B", "STRONG", "I", "EM", "U", "S", "CODE"].includes(node.nodeName) ? [make(node.nodeName, {}, ...children)] : children;
  };
  return safe(new DOMParser().parseFromString(markup, "text/html").body);
}
