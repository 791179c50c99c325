UPDATE templates
SET description = :description, contract = :contract, editable_defaults = :editable_defaults
WHERE instance = :instance AND template_id = :template_id
