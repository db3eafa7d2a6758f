-- Customers who are alike for an audience stand side by side in one index, so that a preview counts
-- them in passing and decides once for each kind. It is written only where somebody's kind changes.

drop trigger reach_follows_a_new_address;
drop trigger reach_follows_an_address;
drop trigger reach_forgets_an_address;
drop view ways;

alter table reach drop column sms;
alter table reach drop column telegram;
alter table reach drop column email;

-- The ways to somebody, the best first, each of two letters: '0' open, '1' blocked or '2' opted out,
-- then 't' for Telegram, 's' for SMS or 'e' for e-mail. Null: there is none.
alter table reach add column route text;

-- How good each address is, the least is the best: '0' open, '1' blocked, '2' opted out; then what
-- falls with the moment of the last use; then the channel's usual rank and its letter.
create view ways as
select customer,
       substr(address, 1, instr(address, ':') - 1) as scheme,
       case
           when opted_out_at is not null then '2'
           when blocked_at is not null then '1'
           else '0'
       end
       || printf('%016d', 9000000000000000 - coalesce(used_at, 0))
       || case
              when address like 'telegram:%' then '0t'
              when address like 'tel:%' then '1s'
              else '2e'
          end as way
from contacts;

update reach
set route = (
    select group_concat(substr(way, 1, 1) || substr(way, 19), '')
    from (select min(way) as way
          from ways
          where ways.customer = reach.customer
          group by scheme
          order by 1));

create index reach_alike
on reach (state, step, month, language, has_basis, is_silent, route, length(customer), fed_at,
          seen_at);

create trigger reach_follows_a_new_address after insert on contacts
begin
    update reach
    set route = best.route
    from (select group_concat(substr(way, 1, 1) || substr(way, 19), '') as route
          from (select min(way) as way
                from ways
                where ways.customer = new.customer
                group by scheme
                order by 1)) best
    where customer = new.customer and reach.route is not best.route;
end;

create trigger reach_follows_an_address after update on contacts
begin
    update reach
    set route = best.route
    from (select group_concat(substr(way, 1, 1) || substr(way, 19), '') as route
          from (select min(way) as way
                from ways
                where ways.customer = new.customer
                group by scheme
                order by 1)) best
    where customer = new.customer and reach.route is not best.route;
end;

create trigger reach_follows_an_address_away after update of customer on contacts
when new.customer is not old.customer
begin
    update reach
    set route = best.route
    from (select group_concat(substr(way, 1, 1) || substr(way, 19), '') as route
          from (select min(way) as way
                from ways
                where ways.customer = old.customer
                group by scheme
                order by 1)) best
    where customer = old.customer and reach.route is not best.route;
end;

create trigger reach_forgets_an_address after delete on contacts
begin
    update reach
    set route = best.route
    from (select group_concat(substr(way, 1, 1) || substr(way, 19), '') as route
          from (select min(way) as way
                from ways
                where ways.customer = old.customer
                group by scheme
                order by 1)) best
    where customer = old.customer and reach.route is not best.route;
end;

drop trigger reach_follows_a_journey;

create trigger reach_follows_a_journey after update on journeys
begin
    update reach
    set language  = s.language,
        state     = s.state,
        step      = s.step,
        month     = s.month,
        is_silent = s.is_silent,
        seen_at   = s.seen_at
    from standings s
    where s.customer = new.customer and reach.customer = s.customer
      and (reach.language, reach.state, reach.step, reach.month, reach.is_silent, reach.seen_at)
          is not (s.language, s.state, s.step, s.month, s.is_silent, s.seen_at);
end;
