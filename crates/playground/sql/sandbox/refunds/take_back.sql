UPDATE deposits SET refunded = refunded + :amount
WHERE serial = :serial AND contribution - refunded >= :amount
