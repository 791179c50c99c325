-- By SELECT, so that on a full disk SQLite undoes this statement and not the whole transaction.
INSERT INTO webhook_events (instance_serial, event_type, event_id, at_s, order_serial, variables)
SELECT :instance, :event_type, :event_id, :at_s, :order_serial, :variables
