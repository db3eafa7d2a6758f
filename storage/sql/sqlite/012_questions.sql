-- What customers ask people. Their words stand apart, so that they can be forgotten.

create table questions (
    request     integer primary key,  -- of requests: opened and closed there
    customer    text not null,
    address     text not null,        -- where it was asked last, and is answered
    asked_at    integer not null,     -- when the customer spoke last
    taken_by    text,
    answered_by text,
    answered_at integer
);

create index questions_of on questions (customer, request);

create table words (
    id       integer primary key,
    customer text not null,
    request  integer,           -- null: kept for a person who may be asked soon
    at       integer not null,
    author   text not null,     -- empty: the customer; else who of us
    text     text not null,
    shown_at integer            -- when the managers were shown it
);

create index words_of on words (customer, at);
create index words_to_show on words (id) where shown_at is null and request is not null;
create index words_by_moment on words (at);

-- Words that found no topic, without who said them.
create table unfound (
    day   text not null,     -- the Monday of the week: 2026-11-30
    word  text not null,
    topic text not null,     -- the nearest one, empty if there is none
    asked integer not null,
    primary key (day, word, topic)
) without rowid;
