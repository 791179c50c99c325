UPDATE coins SET spent = spent + :contribution
WHERE serial = :serial AND value - spent + refunded >= :contribution
