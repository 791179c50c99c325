INSERT INTO templates (instance_serial, template_id, description, contract, editable_defaults)
VALUES (:instance, :template_id, :description, :contract, :editable_defaults)
ON CONFLICT (instance_serial, template_id) DO NOTHING
