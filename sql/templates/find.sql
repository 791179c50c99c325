SELECT template_id, description, contract, editable_defaults
FROM templates
WHERE instance_serial = :instance AND template_id = :template_id
