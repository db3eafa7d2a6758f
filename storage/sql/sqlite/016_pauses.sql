-- While the campaign or its invitations are paused, what is queued waits from the very transaction
-- that queues it: a thousand years are added to its moments, and taken back when it goes on.

create trigger paused_rows_wait after insert on outbox
when new.is_unasked = 1
 and exists (select 1
             from kept
             where value <> ''
               and (name = 'campaign.paused_at'
                    or name = 'invitations.paused_at'
                       and new.line in ('Invitation', 'InvitationReminder')))
begin
    update outbox
    set due    = due + 31536000000000000,
        use_by = use_by + 31536000000000000
    where id = new.id;
end;
