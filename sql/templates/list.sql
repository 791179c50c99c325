SELECT template_id, description
FROM templates INDEXED BY templates_by_instance
WHERE instance_serial = :instance
ORDER BY serial
