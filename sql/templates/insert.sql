INSERT INTO templates (instance, template_id, description, contract, editable_defaults)
VALUES (:instance, :template_id, :description, :contract, :editable_defaults)
ON CONFLICT (instance, template_id) DO NOTHING
