UPDATE templates
SET description = :description, contract = :contract, editable_defaults = :editable_defaults
WHERE instance_serial = :instance AND template_id = :template_id
