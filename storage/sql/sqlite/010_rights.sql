-- What erasure and retention need: a record may pass to a pseudonym and then go, and nothing else.

drop trigger ledger_stays;
create trigger ledger_stays before update on ledger
when new.id is not old.id or new.at is not old.at or new.what is not old.what
  or new.credit is not old.credit
  or substr(new.customer, 1, 7) <> 'erased-' or substr(old.customer, 1, 7) = 'erased-'
begin
    select raise(abort, 'the ledger is append-only');
end;

drop trigger ledger_remains;
create trigger ledger_remains before delete on ledger
when substr(old.customer, 1, 7) <> 'erased-'
begin
    select raise(abort, 'the ledger is append-only');
end;

drop trigger entries_stay;
create trigger entries_stay before update on entries
when new.booking is not old.booking or new.n is not old.n or new.megabytes is not old.megabytes
  or substr(new.account, 1, instr(old.account, ':'))
     is not substr(old.account, 1, instr(old.account, ':'))
  or substr(new.account, instr(old.account, ':') + 1, 7) <> 'erased-'
begin
    select raise(abort, 'the ledger is append-only');
end;

drop trigger entries_remain;
create trigger entries_remain before delete on entries
when exists (select 1
             from ledger
             where id = old.booking and substr(customer, 1, 7) <> 'erased-')
begin
    select raise(abort, 'the ledger is append-only');
end;

drop trigger credit_moves_remain;
create trigger credit_moves_remain before delete on credit_moves
when exists (select 1
             from credits
             where id = old.credit and substr(customer, 1, 7) <> 'erased-')
begin
    select raise(abort, 'the history of a credit is append-only');
end;

-- Whose invitation came to nothing, by when it did; those who are forgotten already are not in it.
create index lapsed on journeys (since)
where state in ('expired', 'declined') and substr(customer, 1, 7) <> 'erased-';

create index links_by_end on links (expires_at);
create index quarantine_by_age on quarantine (at);
