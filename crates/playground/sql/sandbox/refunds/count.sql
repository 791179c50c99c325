SELECT count(*) AS refunds FROM refunds WHERE deposit = :deposit
