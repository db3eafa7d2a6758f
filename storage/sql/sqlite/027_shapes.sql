-- What a text may say of somebody stands with what audiences ask, so that people of whom it says
-- words of one size are counted at once: what was credited, and how large their attributes are.

alter table reach add column megabytes integer not null default 0;

-- A JSON object: how long each attribute is, or the attribute itself where its letters do not all cost
-- the same in any SMS. Null: there is none.
alter table reach add column shape text;

create view shapes as
select number as customer,
       (select nullif(json_group_object(key, iif(value glob '*[^-@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&''()*+,./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*',
                                                 value, length(value))),
                      '{}')
        from json_each(attributes)) as shape
from customers;

update reach
set shape     = (select s.shape from shapes s where s.customer = reach.customer),
    megabytes = (select coalesce(sum(c.megabytes), 0)
                 from credits c
                 where c.customer = reach.customer and c.state = 'confirmed');

drop index reach_alike;

create index reach_alike
on reach (state, step, month, language, has_basis, is_silent, route, length(customer), megabytes,
          shape, fed_at, seen_at);

drop trigger reach_follows_a_new_customer;

create trigger reach_follows_a_new_customer after insert on customers
begin
    insert into reach (customer, language, has_basis, shape)
    select new.number, new.language, new.basis is not null, s.shape
    from shapes s
    where s.customer = new.number;
end;

create trigger reach_follows_attributes after update of attributes on customers
when new.attributes is not old.attributes
begin
    update reach
    set shape = s.shape
    from shapes s
    where s.customer = new.number and reach.customer = new.number
      and reach.shape is not s.shape;
end;

create trigger reach_follows_a_new_credit after insert on credits
when new.state = 'confirmed'
begin
    update reach
    set megabytes = megabytes + new.megabytes
    where customer = new.customer;
end;

create trigger reach_follows_a_credit after update of state on credits
when (new.state = 'confirmed') <> (old.state = 'confirmed')
begin
    update reach
    set megabytes = megabytes + iif(new.state = 'confirmed', new.megabytes, -old.megabytes)
    where customer = new.customer;
end;
