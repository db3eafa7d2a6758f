-- open_question --
-- The question of a customer that waits, or was answered so lately that what comes now belongs to it.
select q.request
from questions q
join requests r on r.id = q.request
where q.customer = $1
  and (r.closed_at is null or q.answered_at > $2)
order by q.request desc
limit 1;

-- add_request --
-- A new question in the queue.
insert into requests (customer, request, about, at)
values ($1, 'person', '', $2)
returning id;

-- reopen_request --
-- What was answered waits again.
update requests
set closed_at = null, closed_by = null
where id = $1;

-- put_question --
-- Note where a question was asked, and that it waits again.
insert into questions (request, customer, address, asked_at)
values ($1, $2, $3, $4)
on conflict (request) do update
set address     = excluded.address,
    asked_at    = excluded.asked_at,
    answered_by = null,
    answered_at = null;

-- attach_words --
-- What was said shortly before belongs to the question.
update words
set request = $1
where customer = $2 and request is null and at > $3;

-- drop_unasked --
-- What was kept for a person who was not asked in the end.
delete from words
where customer = $1 and request is null and at <= $2;

-- add_words --
-- Keep what somebody said.
insert into words (customer, request, at, author, text, shown_at)
values ($1, $2, $3, $4, $5, $6);

-- take_question --
-- Somebody takes a question over, or hands it back.
update questions
set taken_by = $1
where request = $2;

-- answer_question --
-- Note who answered last.
update questions
set answered_by = $1, answered_at = $2
where request = $3;

-- show_words --
-- The managers have been shown these words.
update words
set shown_at = $1
where id = $2;

-- count_unfound --
-- One more who used a word that led to no topic.
insert into unfound as u (day, word, topic, asked)
select day, word, topic, count(*)
from unnest($1::text[], $2::text[], $3::text[]) as given (day, word, topic)
group by day, word, topic
on conflict (day, word, topic) do update
set asked = u.asked + excluded.asked;

-- read_question --
-- One question by its number.
select q.request, q.customer, q.address, q.asked_at, q.taken_by, q.answered_by, q.answered_at,
       r.closed_at
from questions q
join requests r on r.id = q.request
where q.request = $1;

-- waiting --
-- All that waits for a person, the oldest first, with the customers' words.
select r.id, r.customer, r.request, r.about, r.at,
       coalesce((select string_agg(text, e'\n' order by id)
                 from words
                 where request = r.id and author = ''), ''),
       q.taken_by
from requests r
left join questions q on q.request = r.id
where r.closed_at is null
order by r.at, r.id
limit $1;

-- to_show --
-- What customers said that no manager was shown yet, the oldest first.
select id, request, at, author, text
from words
where shown_at is null and request is not null
order by id
limit $1;

-- words_about --
-- All that was said about a question, the oldest first.
select id, request, at, author, text
from words
where request = $1
order by id;

-- unfound --
-- Words that found no topic, how often since a day, and the topic that was nearest most often.
select word, sum(asked)::bigint as times,
       (select topic
        from unfound n
        where n.word = u.word and n.day >= $1
        group by topic
        order by sum(asked) desc, topic
        limit 1)
from unfound u
where day >= $1
group by word
having sum(asked) >= $2
order by times desc, word
limit $3;

-- forget_words --
-- Delete what customers and managers wrote before a moment.
delete from words
where id in (select id
             from words
             where at < $1
             order by at
             limit $2);

-- forget_unfound --
-- Delete counts from before a day, and those that stayed too small to mean anything.
delete from unfound
where day < $1 or (day < $2 and asked < $3);
