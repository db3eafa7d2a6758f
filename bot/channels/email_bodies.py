"""The two halves of an e-mail: the same words as text and as HTML, each with the way out below."""

import re
from html import escape

from bot.channels.channel import Message

_LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)]")
_PAGE = (
    '<!doctype html><html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"></head>'
    '<body style="margin:0;background:#f4f6f5">'
    '<div style="max-width:34em;margin:auto;padding:1.5em;background:#fff;'
    'font:16px/1.5 sans-serif;color:#1b2521;overflow-wrap:anywhere">{paragraphs}</div>'
    "</body></html>"
)


_WAY_OUT = "Abmelden · Unsubscribe"
_LONGEST_SUBJECT = 78  # characters, what most programs show (RFC 5322 section 2.1.1)
# A dot behind a figure ends no sentence (22. September), but the line.
_SENTENCE = re.compile(r"[!?](?=\s|$)|(?<!\d)(?=\.\s)|(?=\.$)")


def subject_of(text: str) -> str:
    """Give the first sentence of a text that has words: a bar of months is no subject."""
    line = next((line for line in text.splitlines() if any(c.isalnum() for c in line)), text)
    line = " ".join(line.split())
    line = re.sub(r"^[^\w+]+", "", line) or line
    end = _SENTENCE.search(line)
    sentence = line[: end.end()] if end else line
    if len(sentence) <= _LONGEST_SUBJECT:
        return sentence
    return f"{sentence[:_LONGEST_SUBJECT].rpartition(' ')[0] or sentence[:_LONGEST_SUBJECT]} …"


def text_of(message: Message) -> str:
    """Write a message as text; the way out stands below for programs that show no header."""
    return (
        f"{message.text}\n\n{_WAY_OUT}: {message.unsubscribe}"
        if message.unsubscribe
        else message.text
    )


def html_of(message: Message) -> str:
    """Write a message as a small page that loads nothing."""
    paragraphs = [_paragraph(p) for p in message.text.split("\n\n") if p.strip()]
    paragraphs += [
        f'<p><a href="{escape(c.url)}">{escape(c.label)}</a></p>'
        for c in message.choices
        if c.url is not None
    ]
    if message.unsubscribe:
        url = escape(message.unsubscribe)
        paragraphs.append(f'<p style="font-size:small"><a href="{url}">{_WAY_OUT}</a></p>')
    return _PAGE.format(paragraphs="".join(paragraphs))


def _paragraph(text: str) -> str:
    return f"<p>{'<br>'.join(_linked(line) for line in text.strip().splitlines())}</p>"


def _linked(line: str) -> str:
    """Escape a line and make its addresses links."""
    parts, end = [], 0
    for found in _LINK.finditer(line):
        url = escape(found[0])
        parts += [escape(line[end : found.start()]), f'<a href="{url}">{url}</a>']
        end = found.end()
    return "".join([*parts, escape(line[end:])])
