SELECT template_id, description, contract, editable_defaults
FROM templates
WHERE instance = :instance AND template_id = :template_id
