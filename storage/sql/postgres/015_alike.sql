-- The ways to somebody in one short word, which changes only with their order, so that a preview can
-- count people who are alike in passing and decide once for each kind.

-- The ways to somebody, the best first, each of two letters: '0' open, '1' blocked or '2' opted out,
-- then 't' for Telegram, 's' for SMS or 'e' for e-mail. Null: there is none.
alter table reach
    drop column sms,
    drop column telegram,
    drop column email,
    add column route text collate "C";

-- How good each address is, the least is the best: '0' open, '1' blocked, '2' opted out; then what
-- falls with the moment of the last use; then the channel's usual rank and its letter.
create or replace view ways as
select customer,
       split_part(address, ':', 1) as scheme,
       (case
            when opted_out_at is not null then '2'
            when blocked_at is not null then '1'
            else '0'
        end
        || lpad((9000000000000000 - coalesce(used_at, 0))::text, 16, '0')
        || case
               when address like 'telegram:%' then '0t'
               when address like 'tel:%' then '1s'
               else '2e'
           end) collate "C" as way
from contacts;

-- The best ways of some customers.
create or replace function renew_ways(whom text[]) returns void language sql as $$
    update reach r
    set route = best.route
    from (select c.customer, string_agg(left(w.way, 1) || substr(w.way, 19), '' order by w.way)
                                 collate "C" as route
          from unnest(whom) as c (customer)
          left join (select customer, min(way) as way
                     from ways
                     where customer = any(whom)
                     group by customer, scheme) w on w.customer = c.customer
          group by c.customer) best
    where r.customer = best.customer and r.route is distinct from best.route
$$;

select renew_ways(array(select number from customers));
