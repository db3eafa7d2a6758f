-- set_wake --
-- Come back for a customer; without a gate, or if its feed has come that far, it is open.
insert into wakes (customer, slot, what, at, feed, needs, is_open)
values (?1, ?2, ?3, ?4, ?5, ?6,
        ?5 is null or exists (select 1 from watermarks where feed = ?5 and complete_until >= ?6))
on conflict (customer, slot) do update
set what    = excluded.what,
    at      = excluded.at,
    feed    = excluded.feed,
    needs   = excluded.needs,
    is_open = excluded.is_open;

-- clear_wake --
-- Forget a wake.
delete from wakes
where customer = ? and slot = ?;

-- raise_watermark --
-- A feed is complete up to here; it never falls back.
insert into watermarks (feed, complete_until)
values (?, ?)
on conflict (feed) do update
set complete_until = excluded.complete_until
where excluded.complete_until > complete_until;

-- open_gates --
-- Open what waited for a feed to come this far.
update wakes
set is_open = 1
where is_open = 0 and feed = ? and needs <= ?;

-- due_wakes --
-- What is due, the oldest first.
select customer, slot, what, at
from wakes
where is_open = 1 and at <= ?
order by at, customer, slot
limit ?;

-- next_wake --
-- When the earliest wake is due.
select min(at)
from wakes
where is_open = 1;
