DELETE FROM templates WHERE instance_serial = :instance AND template_id = :template_id
