-- While the campaign or its invitations are paused, what is queued waits from the very transaction
-- that queues it: a thousand years are added to its moments, and taken back when it goes on.

create function paused_rows_wait() returns trigger language plpgsql as $$
declare
    is_campaign    boolean;
    is_invitations boolean;
begin
    select bool_or(name = 'campaign.paused_at'), bool_or(name = 'invitations.paused_at')
    into is_campaign, is_invitations
    from kept
    where name in ('campaign.paused_at', 'invitations.paused_at') and value <> '';
    if is_campaign is null then
        return null;
    end if;
    update outbox o
    set due    = o.due + 31536000000000000,
        use_by = o.use_by + 31536000000000000
    from after a
    where o.id = a.id and a.is_unasked
      and (is_campaign or is_invitations and a.line in ('Invitation', 'InvitationReminder'));
    return null;
end
$$;

create trigger paused_rows_wait after insert on outbox
referencing new table as after
for each statement execute function paused_rows_wait();
