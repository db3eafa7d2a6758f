-- What a turn usually writes moves nobody: an only address that was used once more, and a journey
-- that stays as it is. Nothing is looked up for them.

drop trigger reach_follows_an_address;

create trigger reach_follows_an_address after update on contacts
when (new.customer, new.opted_out_at, new.blocked_at)
     is not (old.customer, old.opted_out_at, old.blocked_at)
  or exists (select 1
             from contacts
             where customer = new.customer and address <> new.address)
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

drop trigger reach_follows_a_journey;

create trigger reach_follows_a_journey after update on journeys
when (new.state, new.step, new.month, new.body) is not (old.state, old.step, old.month, old.body)
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
