INSERT INTO transfers (wtid, merchant_pub, payto, total, wire_fee, execution_s)
VALUES (:wtid, :merchant_pub, :payto, :total, :wire_fee, :execution_s)
