SELECT t.wtid, t.execution_s
FROM deposits AS d JOIN transfers AS t ON t.serial = d.transfer
WHERE d.serial = :deposit
