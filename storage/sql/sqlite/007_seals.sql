-- The end of each customer's chain is sealed: rows that are cut off its end are missed.

alter table journeys add column seal blob;  -- of number and hash of the last row of the journal
