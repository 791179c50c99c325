-- What was paid at the counter can be given back there at any time. From now on orders.refund_deadline_s is until
-- when refunds can be granted: the contract's deadline, the wire deadline where that is 0, never (NULL) at the counter.
UPDATE orders SET refund_deadline_s = NULL WHERE serial IN (SELECT order_serial FROM payments);
