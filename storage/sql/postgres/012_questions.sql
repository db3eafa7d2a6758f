-- What customers ask people. Their words stand apart, so that they can be forgotten.

create table questions (
    request     bigint primary key,   -- of requests: opened and closed there
    customer    text collate "C" not null,
    address     text not null,        -- where it was asked last, and is answered
    asked_at    bigint not null,      -- when the customer spoke last
    taken_by    text,
    answered_by text,
    answered_at bigint
);

create index questions_of on questions (customer, request);

create table words (
    id       bigint generated always as identity primary key,
    customer text collate "C" not null,
    request  bigint,            -- null: kept for a person who may be asked soon
    at       bigint not null,
    author   text not null,     -- empty: the customer; else who of us
    text     text not null,
    shown_at bigint             -- when the managers were shown it
);

create index words_of on words (customer, at);
create index words_to_show on words (id) where shown_at is null and request is not null;
create index words_by_moment on words (at);

-- Words that found no topic, without who said them.
create table unfound (
    day   text collate "C" not null,  -- the Monday of the week: 2026-11-30
    word  text collate "C" not null,
    topic text collate "C" not null,  -- the nearest one, empty if there is none
    asked bigint not null,
    primary key (day, word, topic)
);
