SELECT hidden_at_s
FROM hidden_check_lists
WHERE instance_serial = :instance
