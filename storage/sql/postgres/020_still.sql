-- What a turn usually writes moves nobody: an only address that was used once more, and a journey
-- that stays as it is. Nothing is looked up for them.

create function reach_follows_moved_contacts() returns trigger language plpgsql as $$
begin
    perform renew_ways(array(
        select a.customer
        from after a
        join before b on b.address = a.address
        where (a.customer, a.opted_out_at, a.blocked_at)
              is distinct from (b.customer, b.opted_out_at, b.blocked_at)
           or exists (select 1
                      from contacts o
                      where o.customer = a.customer and o.address <> a.address)
        union
        select b.customer
        from before b
        join after a on a.address = b.address
        where a.customer <> b.customer));
    return null;
end
$$;

drop trigger reach_follows_contacts on contacts;

create trigger reach_follows_contacts after update on contacts
referencing old table as before new table as after
for each statement execute function reach_follows_moved_contacts();

create function reach_follows_moved_journeys() returns trigger language plpgsql as $$
begin
    update reach r
    set language  = s.language,
        state     = s.state,
        step      = s.step,
        month     = s.month,
        is_silent = s.is_silent,
        seen_at   = s.seen_at
    from (select a.customer, a.state, a.step, a.month, coalesce(j.language, 'de') as language,
                 coalesce(j.is_silent, false) as is_silent,
                 floor(extract(epoch from coalesce(j.used_portal_at, j.enrolled_at)))::bigint
                     as seen_at
          from after a
          join before b on b.customer = a.customer
          cross join lateral json_to_record(a.body::json)
               as j (language text, is_silent boolean, used_portal_at timestamptz,
                     enrolled_at timestamptz)
          where (a.state, a.step, a.month, a.body)
                is distinct from (b.state, b.step, b.month, b.body)) s
    where r.customer = s.customer
      and (r.language, r.state, r.step, r.month, r.is_silent, r.seen_at)
          is distinct from (s.language, s.state, s.step, s.month, s.is_silent, s.seen_at);
    return null;
end
$$;

drop trigger reach_follows_journeys on journeys;

create trigger reach_follows_journeys after update on journeys
referencing old table as before new table as after
for each statement execute function reach_follows_moved_journeys();
