-- What erasure and retention need: a record may pass to a pseudonym and then go, and nothing else.

create function is_erased(customer text) returns boolean language sql immutable as $$
    select left(customer, 7) = 'erased-'
$$;

create function owner_of(account text) returns text language sql immutable as $$
    select split_part(account, ':', 2)
$$;

create function refuse_for_the_living() returns trigger language plpgsql as $$
declare
    of_living boolean;
begin
    case tg_table_name
        when 'ledger' then
            of_living := not is_erased(old.customer);
        when 'entries' then
            of_living := exists (select 1
                                 from ledger
                                 where id = old.booking and not is_erased(customer));
        when 'credit_moves' then
            of_living := exists (select 1
                                 from credits
                                 where id = old.credit and not is_erased(customer));
    end case;
    if of_living then
        raise exception '%', tg_argv[0];
    end if;
    return old;
end
$$;

drop trigger ledger_stays on ledger;
create trigger ledger_stays before update on ledger
for each row
when (new.id is distinct from old.id or new.at is distinct from old.at
      or new.what is distinct from old.what or new.credit is distinct from old.credit
      or not is_erased(new.customer) or is_erased(old.customer))
execute function refuse('the ledger is append-only');

create trigger ledger_remains before delete on ledger
for each row execute function refuse_for_the_living('the ledger is append-only');

drop trigger entries_stay on entries;
create trigger entries_stay before update on entries
for each row
when (new.booking is distinct from old.booking or new.n is distinct from old.n
      or new.megabytes is distinct from old.megabytes
      or split_part(new.account, ':', 1) is distinct from split_part(old.account, ':', 1)
      or not is_erased(owner_of(new.account)))
execute function refuse('the ledger is append-only');

create trigger entries_remain before delete on entries
for each row execute function refuse_for_the_living('the ledger is append-only');

drop trigger credit_moves_stay on credit_moves;
create trigger credit_moves_stay before update on credit_moves
for each row execute function refuse('the history of a credit is append-only');

create trigger credit_moves_remain before delete on credit_moves
for each row execute function refuse_for_the_living('the history of a credit is append-only');

-- Whose invitation came to nothing, by when it did; those who are forgotten already are not in it.
create index lapsed on journeys (since)
where state in ('expired', 'declined') and left(customer, 7) <> 'erased-';

create index links_by_end on links (expires_at);
create index quarantine_by_age on quarantine (at);
