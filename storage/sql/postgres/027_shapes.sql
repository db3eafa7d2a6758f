-- What a text may say of somebody stands with what audiences ask, so that people of whom it says
-- words of one size are counted at once: what was credited, and how large their attributes are.

-- The shape is a JSON object: how long each attribute is, or the attribute itself where its letters do
-- not all cost the same in any SMS. Null: there is none.
alter table reach
    add column megabytes bigint not null default 0,
    add column shape text collate "C";

create function shape_of(attributes json) returns text language sql immutable as $$
    select json_object_agg(key, case
                                    when value ~ '[^-@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&''()*+,./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]' then to_json(value)
                                    else to_json(length(value))
                                end)::text
    from json_each_text(attributes)
$$;

update reach r
set shape     = shape_of(u.attributes::json),
    megabytes = (select coalesce(sum(c.megabytes), 0)
                 from credits c
                 where c.customer = r.customer and c.state = 'confirmed')
from customers u
where u.number = r.customer;

create or replace function reach_follows_customers() returns trigger language plpgsql as $$
begin
    insert into reach as r (customer, language, has_basis, shape)
    select number, language, basis is not null, shape_of(attributes::json)
    from after
    on conflict (customer) do update
    set language  = case when r.state is null then excluded.language else r.language end,
        has_basis = excluded.has_basis,
        shape     = excluded.shape
    where r.has_basis <> excluded.has_basis
       or r.state is null and r.language <> excluded.language
       or r.shape is distinct from excluded.shape;
    return null;
end
$$;

create function reach_follows_new_credits() returns trigger language plpgsql as $$
begin
    update reach r
    set megabytes = r.megabytes + a.megabytes
    from (select customer, sum(megabytes) as megabytes
          from after
          where state = 'confirmed'
          group by customer) a
    where r.customer = a.customer;
    return null;
end
$$;

create trigger reach_follows_new_credits after insert on credits
referencing new table as after
for each statement execute function reach_follows_new_credits();

create function reach_follows_credits() returns trigger language plpgsql as $$
begin
    update reach r
    set megabytes = r.megabytes + moved.megabytes
    from (select a.customer,
                 sum(case when a.state = 'confirmed' then a.megabytes else -b.megabytes end)
                     as megabytes
          from after a
          join before b on b.id = a.id
          where (a.state = 'confirmed') <> (b.state = 'confirmed')
          group by a.customer) moved
    where r.customer = moved.customer;
    return null;
end
$$;

create trigger reach_follows_credits after update on credits
referencing old table as before new table as after
for each statement execute function reach_follows_credits();
