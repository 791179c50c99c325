UPDATE reserves SET withdrawn = withdrawn + :amount
WHERE serial = :serial AND topped_up - withdrawn >= :amount
