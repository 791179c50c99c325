WHERE instance_serial = :instance AND created_at_s >= :at_s AND created_at_s < :until_s
    AND (created_at_s > :at_s OR serial > :serial)
ORDER BY created_at_s, serial
LIMIT :limit
