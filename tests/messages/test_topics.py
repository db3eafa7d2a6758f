"""Topics: what people ask finds its topic, nothing else does, and operators change it by file."""

from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest

from flows.customer import Channel
from messages.folding import fold, words
from messages.ranking import Ranking
from messages.topics import (
    Clear,
    Fact,
    Found,
    Nobody,
    Several,
    Topics,
    UnusableTopicsError,
    choose,
    find,
    load,
    shipped,
)
from tests.messages.asking import OUTSIDE, Figures, Question, ask, figures, politely, questions
from tests.messages.speaking import TERMS

IDS = [
    "bill",
    "payment",
    "volume",
    "contract",
    "renewal",
    "cancel",
    "offers",
    "outage",
    "coverage",
    "roaming",
    "sim",
    "puk",
    "porting",
    "device",
    "voicemail",
    "address",
    "password",
    "app",
    "chat",
    "programme",
]


def found(*scores: float) -> tuple[Found, ...]:
    return tuple(Found(topic, score, ()) for topic, score in zip("abcde", scores, strict=False))


def own_topics(folder: Path, written: str, language: str = "de") -> Topics:
    (folder / language).mkdir(exist_ok=True)
    (folder / language / "topics.toml").write_text(written, "utf-8")
    return load(folder)


# --- Finding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["questions", "questions_held_out"])
def test_what_customers_write_finds_its_topic(name: str) -> None:
    reached = figures(shipped(), questions(name))

    assert reached.first >= 0.85, reached
    assert reached.among_three >= 0.95, reached
    assert reached.falsely_clear <= 0.03, reached
    assert reached.outside_to_a_person >= 0.9, reached


def test_greetings_and_thanks_change_little() -> None:
    reached = figures(shipped(), politely(questions("questions")))

    assert reached.first >= 0.85, reached
    assert reached.among_three >= 0.95, reached
    assert reached.falsely_clear <= 0.03, reached
    assert reached.outside_to_a_person >= 0.9, reached


def test_most_questions_are_answered_at_once() -> None:
    reached = figures(shipped(), questions("questions"))

    assert reached.clear >= 0.7, reached


def test_a_question_in_the_other_language_finds_its_topic_too() -> None:
    other = {"de": "en", "en": "de"}
    asked = [replace(one, language=other[one.language]) for one in questions("questions")]

    reached = figures(shipped(), asked)

    assert reached.first >= 0.85, reached
    assert reached.falsely_clear <= 0.03, reached


def test_no_question_is_copied_from_the_phrases() -> None:
    phrases = {
        tuple(words(fold(phrase)))
        for language in shipped().languages
        for topic in shipped().of(language).values()
        for phrase in topic.phrases
    }

    asked = [*questions("questions"), *questions("questions_held_out")]

    assert not [one for one in asked if tuple(words(fold(one.text))) in phrases]
    assert len([one for one in asked if one.topic != OUTSIDE]) >= 160
    assert len([one for one in asked if one.topic == OUTSIDE]) >= 30


def test_the_figures_tell_a_finder_that_is_always_wrong() -> None:
    asked = (Question("de", "puk", "Rechnung zu hoch"), Question("de", OUTSIDE, "neue Rechnung"))

    assert figures(shipped(), asked) == Figures(0, 0, 1, 1, 0)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Handyrechnungsbetrag", "bill"),
        ("rechnnung zu hoch", "bill"),
        ("KUENDIGUNGSBESTAETIGUNG", "cancel"),
        ("Kündigungsbestätigung", "cancel"),
        ("mei datenvolumen is scho wieda weg", "volume"),
        ("where's my voicemail greeting", "voicemail"),
    ],
    ids=["compound", "typo", "two letters for an umlaut", "umlaut", "dialect", "other language"],
)
def test_spelling_does_not_matter(text: str, topic: str) -> None:
    assert choose(find(text, "de")) == Clear(topic)


@pytest.mark.parametrize("text", ["", " ", "?!", "😂" * 1600, "a" * 1600, "x y " * 400, "\x00"])
def test_what_says_nothing_is_for_a_person(text: str) -> None:
    assert choose(find(text, "de")) == Nobody()


def test_a_long_message_is_heard_at_its_beginning_and_its_end() -> None:
    story = next(one.text for one in questions("questions") if len(one.text) > 1500)

    assert find(f"Meine Handyrechnung ist zu hoch! {story}", "de")[0].topic == "bill"
    ending = find(f"{story} Wo finde ich meine PUK?", "de")
    assert "puk" in [one.topic for one in ending[:3]]


def test_the_words_that_decided_are_named() -> None:
    best = find("Guten Tag, meine Rexhnung bitte", "de")[0]

    assert (best.topic, best.why) == ("bill", ("rexhnung (hnung)",))
    assert find("wo ist mein PUK", "de")[0].why == ("puk",)


def test_a_dialect_of_a_language_speaks_the_language() -> None:
    assert find("Rechnung", "de-AT") == find("Rechnung", "de")


@pytest.mark.parametrize(
    ("text", "limit_s"),
    [
        ("wieviel GB hab ich diesen monat noch", 0.001),
        # A busy machine takes twice as long as a free one.
        (
            "Ich habe letzten Monat sehr viel mehr bezahlt als sonst, woran kann das liegen? " * 20,
            0.002,
        ),
    ],
    ids=["a question", "1600 letters"],
)
def test_ranking_a_message_over_a_hundred_topics_takes_a_millisecond(
    text: str, limit_s: float
) -> None:
    topics = {
        (language, f"{topic.id}{copy}"): topic.phrases
        for copy in range(5)
        for language in shipped().languages
        for topic in shipped().of(language).values()
    }
    ranking = Ranking(topics)

    took_s = min(_time(ranking, text) for _ in range(100))

    assert len({topic for _, topic in topics}) == 100
    assert took_s <= limit_s


def _time(ranking: Ranking, text: str) -> float:
    begun = process_time()
    ranking.rank(text, "de", most=5)
    return process_time() - begun


# --- Choosing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "choice"),
    [
        ((), Nobody()),
        ((1.4, 1.3), Nobody()),
        ((6.0, 2.0, 1.0), Clear("a")),
        ((6.0,), Clear("a")),
        ((6.0, 5.0, 2.0), Several(("a", "b"))),
        ((6.0, 5.0, 4.0, 3.0), Several(("a", "b", "c"))),
        ((2.0, 0.1), Several(("a",))),
    ],
    ids=["none", "faint", "ahead", "alone", "two alike", "never above three", "likely, not sure"],
)
def test_a_topic_is_answered_only_if_it_is_certain_and_ahead(
    scores: tuple[float, ...], choice: object
) -> None:
    assert choose(found(*scores)) == choice


def test_an_offer_holds_what_was_asked() -> None:
    answer = ask(shipped(), Question("de", "contract", "Welchen Tarif hab ich eigentlich?"))

    assert isinstance(answer.choice, Several)
    assert "contract" in answer.choice.topics


# --- What is shipped ---------------------------------------------------------------------------


def test_every_topic_is_there_in_both_languages() -> None:
    assert shipped().languages == ("de", "en")
    assert all(list(shipped().of(language)) == IDS for language in shipped().languages)


def test_a_topic_names_its_live_fact_in_every_language_alike() -> None:
    facts = {"volume": Fact.VOLUME, "bill": Fact.BILL, "outage": Fact.OUTAGE}

    for language in shipped().languages:
        assert {t.id: t.fact for t in shipped().of(language).values() if t.fact} == facts


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("id_", IDS)
def test_an_answer_knows_the_hotline_and_the_way_online(id_: str, language: str) -> None:
    topic = shipped().topic(id_, language)

    short = topic.answer(Channel.SMS, TERMS.operator)
    full = topic.answer(Channel.TELEGRAM, TERMS.operator)

    assert TERMS.operator.hotline in short
    assert TERMS.operator.hotline in full
    assert topic.link(TERMS.operator.portal_url) in short
    assert len(full) > len(short) - len(topic.link(TERMS.operator.portal_url))


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("", "https://mein.example/start"),
        ("#puk", "https://mein.example/start#puk"),
        ("?t=puk", "https://mein.example/start?t=puk"),
        ("puk", "https://mein.example/start/puk"),
        ("/puk", "https://mein.example/start/puk"),
        ("https://netz.example/karte", "https://netz.example/karte"),
    ],
)
def test_a_path_is_laid_onto_the_portal(path: str, link: str) -> None:
    topic = replace(shipped().topic("puk", "de"), path=path)

    assert topic.link("https://mein.example/start") == link


# --- An operator's own -------------------------------------------------------------------------


def test_an_operator_changes_one_thing_of_a_topic_and_keeps_the_rest(tmp_path: Path) -> None:
    topics = own_topics(tmp_path, '[bill]\npath = "/rechnungen"\n')

    bill = topics.topic("bill", "de")
    assert bill.path == "/rechnungen"
    assert bill.phrases == shipped().topic("bill", "de").phrases
    assert topics.topic("bill", "en") == shipped().topic("bill", "en")


def test_an_operator_adds_a_topic_that_is_then_found(tmp_path: Path) -> None:
    written = """
    [streaming]
    title = "Streaming"
    phrases = ["Streaming", "Filmpaket", "Serienpaket buchen", "Fernsehpaket"]
    sms = "Alles zum Filmpaket: {link} {hotline}"
    telegram = "Alles zum Filmpaket steht im Portal. {hotline}"
    path = "/filme"
    """

    topics = own_topics(tmp_path, written)

    assert topics.find("wie buche ich das serienpaket", "de")[0].topic == "streaming"
    assert topics.topic("streaming", "en").language == "de"
    operator = replace(TERMS.operator, portal_url="https://x.example", hotline="0800 1")
    answer = topics.topic("streaming", "de").answer(Channel.SMS, operator)
    assert answer == "Alles zum Filmpaket: https://x.example/filme 0800 1"


def test_an_operator_brings_another_language(tmp_path: Path) -> None:
    written = (
        '[bill]\ntitle="Fatura"\nphrases=["fatura"]\nsms="{link} {hotline}"\ntelegram="{hotline}"\n'
    )

    topics = own_topics(tmp_path, written, language="tr")

    assert topics.find("faturam nerede", "tr")[0].topic == "bill"
    assert topics.topic("puk", "tr").id == "puk"


def test_a_topic_that_no_language_has_is_unknown() -> None:
    with pytest.raises(KeyError, match="horoscope"):
        shipped().topic("horoscope", "de")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("[bill]\npath = 3\n", r"de/topics.toml \[bill\].*path"),
        ('[bill]\ncolour = "red"\n', r"de/topics.toml \[bill\].*colour"),
        ('[extra]\ntitle = "Extra"\n', r"de/topics.toml \[extra\].*missing"),
        ('[bill]\npath = "a"\n[bill]\npath = "b"\n', "topics.toml: .*bill"),
        ("bill = 3\n", r"de/topics.toml \[bill\]"),
        ("elsewhere = 3\n", r"de/topics.toml \[elsewhere\]"),
        ("[bill", "topics.toml: "),
    ],
    ids=["type", "unknown key", "incomplete", "id twice", "no table", "no list", "no TOML"],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(
    written: str, place: str, tmp_path: Path
) -> None:
    with pytest.raises(UnusableTopicsError, match=place):
        own_topics(tmp_path, written)
